"""The life of one worker, on a thread of its own: it waits for its place, loads, works, and ends. Decides nothing."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from functools import partial

from lsp_server.engine.decisions import Decisions
from lsp_server.engine.generation import Generation
from lsp_server.engine.staff import LOADING, REMEDY, Hired
from lsp_server.engine.state import EngineState
from lsp_server.engine.working import do_work
from lsp_server.model.worker import CannotLoad, WorkerDied
from lsp_server.settings import Settings

_log = logging.getLogger(__name__)


class Career:
    """One worker's. `run` is what its thread does."""

    def __init__(
        self,
        hired: Hired,
        decisions: Decisions,
        *,
        has_room: Callable[[Settings], bool],
        on_ready: Callable[[], None],
    ) -> None:
        """`has_room`: whether the model of the settings fits beside what is loaded."""
        self._hired = hired
        self._worker = hired.worker
        self._worker.on_death = self._notice_death
        self._decisions = decisions
        self._staff = decisions.staff
        self._has_room = has_room
        self._on_ready = on_ready

    def run(self) -> None:
        """Returns when the worker is closed."""
        try:
            if self._wait_for_room() and self._load():
                while (work := self._begin()) is not None:
                    self._do(work)
        except (CannotLoad, WorkerDied) as error:
            self._fail(error)
        except Exception as error:  # the rim of the thread: requests must be answered, and a restart must work
            _log.exception("the engine failed")
            self._fail(CannotLoad(f"internal error: {type(error).__name__}; please report it; {REMEDY}."))
        finally:
            self._end()

    def _wait_for_room(self) -> bool:
        """Whoever has to leave for this worker has left; False: it is not wanted any more."""
        with self._decisions.changed:
            before = self._staff.at_work
        stays = before is not None and before.is_staying and not before.uses_devices
        stays = stays and self._has_room(self._hired.settings)
        with self._decisions.being_made():
            if self._hired.is_wanted and not stays:
                self._staff.make_room()
            others = {self._hired, before} if stays else {self._hired}
            self._wait_for(lambda: self._staff.present <= others)
            return self._hired.is_wanted

    def _load(self) -> bool:
        """It is at work; False: it is not wanted any more."""
        self._tell_loading("the model is being loaded", None)
        began_s = time.monotonic()
        ready = self._worker.load(self._hired.settings, self._tell_loading)
        with self._decisions.being_made():
            self._hired.is_ready = True  # from now on nobody begins anything else
            self._wait_for(lambda: self._decisions.schedule.running is None)
            if not self._hired.is_wanted:
                return False
            state = self._staff.take_over(self._hired, ready)
            self._on_ready()
        _log.info("loaded model=%s ms=%.0f", ready.name, 1000 * (time.monotonic() - began_s))
        self._decisions.tell(state)
        return True

    def _begin(self) -> Generation | None:
        """What to work on, once there is something; None when the worker is to go."""
        with self._decisions.changed:
            while self._hired.is_staying:
                if self._hired.death is not None:
                    raise self._hired.death
                if (work := self._find_work()) is not None:
                    # under the lock: an abort that was meant for the work before must not hit this
                    self._worker.set_abort(False)
                    return work
                self._decisions.changed.wait()
            return None

    def _find_work(self) -> Generation | None:
        if self._staff.coming is not None and self._staff.coming.is_ready:
            return None
        return self._decisions.schedule.begin(settings=self._decisions.settings)

    def _do(self, work: Generation) -> None:
        answer, state = do_work(self._worker, work, on_growth=partial(self._grow, work), model=self._hired.name)
        with self._decisions.being_made():
            self._hired.stopped_s = None
            if work.is_laid_out:
                self._decisions.warmed = work.asked
            self._decisions.schedule.conclude(answer)
            is_news = self._hired.is_staying and self._staff.coming is None
        self._decisions.tell(state if is_news else None)

    def _fail(self, error: CannotLoad | WorkerDied) -> None:
        with self._decisions.being_made():
            if not self._hired.is_wanted:  # it ended as it was meant to
                return
            was_at_work = self._staff.at_work is self._hired
            state = self._staff.find_successor(self._hired, error, now_s=time.monotonic())
            if was_at_work:
                self._decisions.conclude(str(error) if self._staff.why_not == LOADING else self._staff.why_not)
        _log.error("%s", error)
        self._decisions.tell(state)

    def _end(self) -> None:
        with self._decisions.being_made():
            if self._staff.at_work is self._hired:
                self._staff.leave(self._hired)
                self._decisions.conclude(self._staff.why_not)
        self._worker.close()
        with self._decisions.being_made():
            self._staff.present.discard(self._hired)

    def _wait_for(self, is_so: Callable[[], bool]) -> None:
        """Under the lock; at most as long as the worker is wanted."""
        self._decisions.changed.notify_all()  # who is waited for may be waiting
        self._decisions.changed.wait_for(lambda: is_so() or not self._hired.is_wanted)

    def _tell_loading(self, message: str, percentage: int | None) -> None:
        with self._decisions.changed:
            if not self._hired.is_wanted:  # it was said before the loading was stopped
                return
            model = self._staff.at_work.name if self._staff.at_work else ""
        self._decisions.tell(EngineState("loading", message, model, percentage))

    def _notice_death(self, death: WorkerDied) -> None:
        with self._decisions.being_made():
            self._hired.death = death

    def _grow(self, work: Generation, middle: bytes) -> None:
        with self._decisions.being_made():
            work.grow(middle)
