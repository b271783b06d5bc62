"""Which model answers, which one is coming, and who follows one that ends. Knows no threads and no requests.

One model is at work. Another is loaded beside it, where there is room for both, and takes over when it is ready; else
the first has to leave for it. One that cannot be loaded is followed by a smaller one if memory was short, and by the
one that had to leave for it otherwise; so a change that fails costs nothing but time. A model that dies is loaded
again. Nothing is at work while nobody has asked for long.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from lsp_server.engine.state import MAX_DEATHS, Deaths, EngineState
from lsp_server.model.thrift import describe_sacrifice, find_smaller
from lsp_server.model.worker import NoRoom, Ready, Worker, WorkerDied, WorkerStarved
from lsp_server.settings import Settings

LOADING = "model is loading"
REMEDY = "the command bytefim.restartModel loads the model"


@dataclass(eq=False, slots=True, kw_only=True)
class Hired:
    """A worker, from before its loading to its end."""

    worker: Worker
    settings: Settings
    """that it is loaded with"""
    wish: Settings
    """what it should have been loaded with, had memory sufficed"""
    smaller: Iterator[Settings]
    """what to try when memory does not suffice"""
    instead_of: Settings | None = None
    """what the one was loaded with that had to leave for this one"""
    notice: str = ""
    """what the user is told when it is ready, as a sentence"""
    is_ready: bool = False
    """It is loaded; who is at work begins nothing more."""
    name: str = ""
    """once it is at work"""
    uses_devices: bool = False
    """it takes memory that is not the processor's"""
    is_wanted: bool = True
    """False: whatever it does, it ends"""
    is_leaving: bool = False
    """It ends when it has done what it is doing."""
    death: WorkerDied | None = None
    """noticed while it had nothing to do"""
    stopped_s: float | None = None
    """when what it does was told to end"""

    @property
    def is_staying(self) -> bool:
        """More work may be begun."""
        return self.is_wanted and not self.is_leaving

    def dismiss(self) -> None:
        """End it now."""
        self.is_wanted = False
        self.worker.kill()


@dataclass(slots=True)
class Staff:
    """The decisions. One thread at a time; `employ` is to make a thread in which the worker loads and works."""

    make_worker: Callable[[], Worker]
    employ: Callable[[Hired], None]
    at_work: Hired | None = None
    coming: Hired | None = None
    why_not: str = LOADING
    """While nobody is at work, why; empty otherwise."""
    present: set[Hired] = field(default_factory=set[Hired])
    """whose worker is not closed yet"""
    asleep: Hired | None = None
    """who left because nobody asked, and is to be loaded again as soon as somebody does"""
    _deaths: Deaths = field(default_factory=Deaths)

    def start_over(self, settings: Settings) -> None:
        """Whatever there is ends; load with these settings."""
        instead_of = self.coming.instead_of if self.coming else None
        self.dismiss_all(LOADING)
        self._deaths.forget()
        self._hire(settings, instead_of=instead_of)

    def change(self, settings: Settings) -> None:
        """As `start_over`, but who is at work stays until the other is ready or needs the room."""
        if self.at_work is None or not self.at_work.is_staying:
            self.start_over(settings)
            return
        if self.coming is not None:
            self.coming.dismiss()
        self._deaths.forget()
        self._hire(settings, instead_of=self.at_work.settings)

    def dismiss_all(self, why: str) -> None:
        """Nobody is wanted; until somebody is hired, this is why."""
        self.why_not, self.asleep, self.coming = why, None, None
        for hired in self.present:
            hired.dismiss()

    def stop_coming(self) -> EngineState | None:
        """The user does not want to wait for who is coming; None when nobody is."""
        if self.coming is None:
            return None
        self.coming.dismiss()
        self.coming = None
        if self.at_work is not None and self.at_work.is_staying:
            return EngineState("idle", "ready", self.at_work.name)
        self.why_not = f"loading was stopped; {REMEDY}"
        return EngineState("off", self.why_not)

    def fall_asleep(self) -> EngineState | None:
        """Who is at work leaves until somebody asks; None when it cannot."""
        if self.at_work is None or not self.at_work.is_staying or self.coming is not None:
            return None
        self.asleep = self.at_work
        self.at_work.is_leaving = True
        self.why_not = LOADING
        return EngineState("idle", "unloaded: nobody has asked for long", self.asleep.name)

    def wake(self) -> None:
        """Somebody asks, or is about to."""
        if (left := self.asleep) is not None:
            self.asleep = None
            self._hire(left.settings, wish=left.wish, smaller=left.smaller)

    def make_room(self) -> None:
        """Who is at work has to leave before who is coming can be loaded."""
        if self.at_work is not None:
            self.at_work.is_leaving = True
            self.why_not = LOADING

    def take_over(self, hired: Hired, ready: Ready) -> EngineState:
        """Who was coming is at work; nobody else works any more."""
        if self.at_work is not None:
            self.at_work.is_leaving = True
        self.at_work, self.coming, self.why_not = hired, None, ""
        hired.name, hired.uses_devices = ready.name, ready.uses_devices
        stays = f"{hired.notice} {ready.name} goes on." if hired.notice else ""
        sacrifice = describe_sacrifice(hired.wish, hired.settings)
        return EngineState("idle", "ready", hired.name, notice=" ".join(filter(None, (stays, sacrifice, ready.notice))))

    def find_successor(self, hired: Hired, error: Exception, *, now_s: float) -> EngineState | None:
        """Somebody has failed or died: what comes next is begun, and what people are told; None: nothing."""
        was_at_work, hired.is_wanted = self.at_work is hired, False
        self.leave(hired)
        if was_at_work and self.coming is not None:
            return None
        message = str(error)
        if isinstance(error, WorkerDied):
            may_try_again = self._deaths.count(now_s)
            is_starved = isinstance(error, WorkerStarved) and (not was_at_work or self._deaths.n_lately > 1)
            if not is_starved and may_try_again:
                self._hire_again(hired, hired.settings)
                return EngineState("loading", f"{error}; it is being started again.", hired.name)
            message = f"{error}, {MAX_DEATHS} times within five minutes; run `bytefim doctor`; {REMEDY}."
            if is_starved:
                message = f"{error}; choose a smaller model."
        else:
            is_starved = isinstance(error, NoRoom)
        if is_starved and (settings := next(hired.smaller, None)) is not None:
            self._hire_again(hired, settings)
            return EngineState("loading", "memory does not suffice; something smaller is being loaded", hired.name)
        return self._give_up(hired, message)

    def leave(self, hired: Hired) -> None:
        """Somebody does no work any more."""
        if self.at_work is hired:
            self.at_work = None
            self.why_not = self.why_not or LOADING
        if self.coming is hired:
            self.coming = None

    def _give_up(self, hired: Hired, message: str) -> EngineState:
        if self.at_work is not None:
            stays = self.at_work.name
            return EngineState("idle", "ready", stays, notice=f"{message} {stays} goes on.")
        if hired.instead_of is not None:
            self._hire(hired.instead_of, notice=message)
            return EngineState("loading", "the model before it is loaded again")
        self.why_not = message
        return EngineState("error", message)

    def _hire_again(self, hired: Hired, settings: Settings) -> None:
        self._hire(settings, wish=hired.wish, smaller=hired.smaller, instead_of=hired.instead_of, notice=hired.notice)

    def _hire(
        self,
        settings: Settings,
        *,
        wish: Settings | None = None,
        smaller: Iterator[Settings] | None = None,
        instead_of: Settings | None = None,
        notice: str = "",
    ) -> None:
        hired = Hired(
            worker=self.make_worker(),
            settings=settings,
            wish=wish or settings,
            smaller=find_smaller(settings) if smaller is None else smaller,
            instead_of=instead_of,
            notice=notice,
        )
        self.coming = hired
        self.present.add(hired)
        if self.at_work is None:
            self.why_not = LOADING
        self.employ(hired)
