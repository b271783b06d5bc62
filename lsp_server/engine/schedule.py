"""Who waits, what the model works on, and what it does next. Knows no threads and no model.

Of each document the newest request wins. It may be served from an earlier suggestion, or wait for work that was begun
for an older one and still fits what was typed since; otherwise it waits for work of its own. Work that fits no request
that waits is stopped as soon as any request waits.
"""

from __future__ import annotations

from collections.abc import Mapping

from lsp_server.documents.request import CompletionRequest
from lsp_server.engine.generation import Generation
from lsp_server.engine.pending import Pending
from lsp_server.engine.reuse import Offers
from lsp_server.settings import Settings
from lsp_server.suggestion.answer import Answer, doubt_again, serve_again, unless_unsure

A_NEWER_CAME = "a newer request came"


class Schedule:
    """The decisions of the engine. One thread at a time; decided answers are to be given by the caller."""

    def __init__(self) -> None:
        self.running: Generation | None = None
        """what the model works on; once it is stopped, nothing that comes of it is used"""
        # of each document the newest request, the newest of all last; what leaves is decided
        self._waiting: dict[str, Pending] = {}
        self._ahead: Generation | None = None  # a prefetch to be begun when nobody waits
        self._renewal: Generation | None = None  # a worn prompt, to be laid out anew after that
        self._decided: list[tuple[Pending, Answer]] = []
        self._offers = Offers()
        self._last: dict[str, Answer] = {}

    def take_decided(self) -> list[tuple[Pending, Answer]]:
        """Requests and their answers, each once, in the order of the decisions."""
        decided, self._decided = self._decided, []
        return decided

    def refuse(self, pending: Pending, *, reason: str) -> None:
        """Nothing can be done for this request, and nothing more for the one that waited for its document."""
        self.supersede(pending.request.uri, reason=A_NEWER_CAME)
        self._decide(pending, Answer(outcome="empty", reason=reason))

    def add(self, pending: Pending) -> bool:
        """Serve a request at once, or let it wait: then True. The one that waited for its document is superseded."""
        request, settings = pending.request, pending.settings
        self._end(request.uri, Answer(outcome="superseded", reason=A_NEWER_CAME))
        self._stop_what_contradicts(request, settings)
        if not self._serve(pending, timings_ms={}):
            self._waiting[request.uri] = pending
        self._stop_what_nobody_wants()
        return self._waiting.get(request.uri) is pending

    def supersede(self, uri: str, *, reason: str) -> None:
        """The request that waits for this document is out of date, and so is the work for it."""
        self._end(uri, Answer(outcome="superseded", reason=reason))
        self._stop_all(uri)

    def change(self, continued: CompletionRequest, *, reason: str, settings: Settings) -> None:
        """The document has changed; work that `continued`, what would be asked now, does not contradict goes on."""
        self._end(continued.uri, Answer(outcome="superseded", reason=reason))
        self._stop_what_contradicts(continued, settings)
        self._stop_what_nobody_wants()

    def warm(self, request: CompletionRequest, *, settings: Settings) -> None:
        """A prompt to be laid out anew when nobody waits."""
        self._renewal = Generation(request, settings, purpose="lay out anew")

    def give_up(self, request: CompletionRequest, answer: Answer) -> None:
        """End a request, if it still waits, and the work for its document."""
        pending = self._waiting.get(request.uri)
        if pending is not None and pending.request is request:
            self._end(request.uri, answer)
            self._stop_all(request.uri)

    def forget(self, uri: str, *, reason: str) -> None:
        """The document is closed."""
        self.supersede(uri, reason=reason)
        self._last.pop(uri, None)
        self._offers.forget(uri)

    def end_all(self, answer: Answer) -> None:
        """Whatever waits gets this answer; whatever runs is stopped."""
        for uri in list(self._waiting):
            self._end(uri, answer)
        if self.running is not None:
            self.running.is_stopped = True

    def find_followed(self, uri: str) -> CompletionRequest | None:
        """The document when work for it was last seen to agree; None when no work for it could go on."""
        works = [work for work in self._find_works(uri) if not work.is_stopped]
        return works[0].followed if works else None

    def find_last_answer(self, uri: str | None) -> Answer | None:
        """Of a document, or of all."""
        return next(reversed(self._last.values()), None) if uri is None else self._last.get(uri)

    def begin(self, *, settings: Settings) -> Generation | None:
        """What to work on now: the newest request; while none waits, idle work under these settings, or nothing."""
        ahead, self._ahead = self._ahead, None
        if self._waiting:
            newest = next(reversed(self._waiting.values()))
            self.running = Generation(newest.request, newest.settings, queued_ms=newest.waited_ms())
        else:
            ahead, renewal = (
                work if work and not work.is_stopped and work.settings == settings else None
                for work in (ahead, self._renewal)
            )
            self.running = ahead or renewal
            self._renewal = renewal if self.running is not renewal else None
        return self.running

    def conclude(self, answer: Answer) -> None:
        """What became of the work that ran. The request that waits for it is served from it, or stays in line."""
        work, self.running = self.running, None
        if work is None or work.is_stopped or work.purpose == "lay out anew":
            return
        is_prefetch = work.purpose == "prefetch"
        if answer.outcome == "shown" or is_prefetch:
            self._offers.keep(
                work.asked,
                answer.middle,
                settings=work.settings,
                confidence=answer.confidence,
                parts=answer.parts,
                is_prefetched=is_prefetch,
            )
        if work.is_worn and not is_prefetch:
            self._renewal = Generation(work.followed, work.settings, purpose="lay out anew")
        pending = self._waiting.get(work.uri)
        if pending is None:
            return
        if pending.request.prefix == work.asked.prefix and not is_prefetch:
            self._end(work.uri, unless_unsure(answer, pending.request, pending.settings))
        elif self._serve(pending, timings_ms={"wait": pending.waited_ms()}):
            del self._waiting[work.uri]

    def _end(self, uri: str, answer: Answer) -> None:
        if (pending := self._waiting.pop(uri, None)) is not None:
            self._decide(pending, answer)

    def _serve(self, pending: Pending, *, timings_ms: Mapping[str, float]) -> bool:
        """Answer from what was said before; False when that says nothing about this request."""
        request, settings = pending.request, pending.settings
        if (rest := self._offers.find(request, settings=settings)) is not None:
            served_by = "prefetch" if rest.is_prefetched else "typing through"
            answer = serve_again(rest.middle, served_by=served_by, timings_ms=timings_ms, confidence=rest.confidence)
        elif (confidence := self._offers.find_doubt(request, settings=settings)) is not None:
            answer = doubt_again(confidence, settings, timings_ms=timings_ms)
        else:
            return False
        self._decide(pending, answer)
        return True

    def _decide(self, pending: Pending, answer: Answer) -> None:
        uri = pending.request.uri
        self._last.pop(uri, None)  # so that the latest stands at the end
        self._last[uri] = answer
        self._decided.append((pending, answer))
        if answer.outcome == "shown":
            if pending.request.is_invoked:  # the user has seen it: from now on it stays while it is typed through
                self._offers.keep(
                    pending.request, answer.middle, settings=pending.settings, confidence=answer.confidence
                )
            self._plan_ahead(pending, answer.middle)

    def _plan_ahead(self, pending: Pending, middle: bytes) -> None:
        """What follows the suggestion that is shown is worth knowing, once: in case it is accepted."""
        self._ahead = None
        if not pending.settings.prefetch or pending.request.replaced:
            return
        ahead = Generation(pending.request, pending.settings, purpose="prefetch", assumed=middle)
        is_running = self.running is not None and self.running.is_as_good_as(ahead)
        if not is_running and not self._offers.knows(ahead.asked, settings=pending.settings):
            self._ahead = ahead

    def _find_works(self, uri: str) -> list[Generation]:
        return [work for work in (self.running, self._ahead, self._renewal) if work and work.uri == uri]

    def _stop_all(self, uri: str) -> None:
        for work in self._find_works(uri):
            work.is_stopped = True

    def _stop_what_contradicts(self, now: CompletionRequest, settings: Settings) -> None:
        for work in self._find_works(now.uri):
            if not work.follow(now, settings=settings):
                work.is_stopped = True

    def _stop_what_nobody_wants(self) -> None:
        if self.running is None or not self._waiting:
            return
        pending = self._waiting.get(self.running.uri)
        if pending is None or not self.running.answers(pending.request, settings=pending.settings):
            self.running.is_stopped = True
