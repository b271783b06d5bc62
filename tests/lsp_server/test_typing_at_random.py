"""Two documents, a user who does anything, and a model that moves in between: what is shown is right, always.

The model says a fixed function of the text, so whatever is shown can be compared with what had to come.
"""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from lsp_server.suggestion.answer import Answer
from tests.lsp_server.requests import END, OTHER, URI, ask
from tests.lsp_server.schedule_desk import Desk
from tests.lsp_server.stepping_model import expect


class Typing(RuleBasedStateMachine):
    """Two documents, one user who types, accepts, deletes, jumps and asks, and a model that moves in between."""

    uris = st.sampled_from([URI, OTHER])

    def __init__(self) -> None:
        super().__init__()
        self.desk = Desk()
        self.texts: dict[str, tuple[bytes, bytes]] = {URI: (b"x", END), OTHER: (b"x", END)}
        self.newest: dict[str, int] = {}

    def edit(self, uri: str, prefix: bytes, suffix: bytes) -> None:
        """As editor/text_sync.py: the cursor of what is followed moves by what was added, wherever the edit was."""
        n_added_bytes = len(prefix + suffix) - len(b"".join(self.texts[uri]))
        self.texts[uri] = (prefix, suffix)
        followed = self.desk.schedule.find_followed(uri)
        offset = max(0, followed.cursor_offset_bytes + n_added_bytes) if followed else 0
        text = prefix + suffix
        self.desk.change(ask(text[:offset], text[offset:], uri=uri))

    @rule(uri=uris, typed=st.sampled_from([b"+", b"-", b"\n"]))
    def type_a_letter(self, uri: str, typed: bytes) -> None:
        prefix, suffix = self.texts[uri]
        self.edit(uri, prefix + typed, suffix)

    @rule(uri=uris, n_bytes=st.integers(1, 9))
    def type_what_will_be_suggested(self, uri: str, n_bytes: int) -> None:
        prefix, suffix = self.texts[uri]
        self.edit(uri, prefix + expect(prefix, suffix)[:n_bytes], suffix)

    @rule(uri=uris)
    def accept(self, uri: str) -> None:
        prefix, suffix = self.texts[uri]
        self.edit(uri, prefix + expect(prefix, suffix), suffix)

    @rule(uri=uris)
    def delete(self, uri: str) -> None:
        prefix, suffix = self.texts[uri]
        self.edit(uri, prefix[:-1] or b"x", suffix)

    @rule(uri=uris, closing=st.booleans())
    def edit_after_the_cursor(self, uri: str, closing: bool) -> None:
        self.edit(uri, self.texts[uri][0], b")" + END if closing else END)

    @rule(uri=uris)
    def jump(self, uri: str) -> None:
        text = b"".join(self.texts[uri])
        self.texts[uri] = (text[: len(text) // 2], text[len(text) // 2 :])

    @rule(uri=uris)
    def ask(self, uri: str) -> None:
        number = self.desk.submit(ask(*self.texts[uri], uri=uri))
        older = self.newest.get(uri)
        assert older is None or older in self.desk.answers
        self.newest[uri] = number

    @rule(uri=uris)
    def cancel_or_miss_the_deadline(self, uri: str) -> None:
        if uri in self.newest:
            asked = self.desk.submitted[self.newest[uri]].request
            self.desk.schedule.give_up(asked, Answer(outcome="cancelled", reason="test"))
            self.desk.collect()

    @rule(n_steps=st.integers(1, 12))
    def let_the_model_work(self, n_steps: int) -> None:
        for _ in range(n_steps):
            self.desk.step()

    @rule(uri=uris)
    def close_and_open(self, uri: str) -> None:
        self.desk.schedule.forget(uri, reason="test")
        self.desk.collect()

    @invariant()
    def what_is_shown_is_what_the_model_would_say(self) -> None:
        for number, answer in self.desk.answers.items():
            asked = self.desk.submitted[number].request
            if answer.outcome == "shown":
                assert answer.middle == expect(asked.prefix, asked.suffix)
            elif answer.outcome == "empty":
                assert expect(asked.prefix, asked.suffix) == b""

    @invariant()
    def while_a_request_waits_the_model_works_for_one_that_waits(self) -> None:
        waiting = [p.request for n, p in enumerate(self.desk.submitted) if n not in self.desk.answers]
        running = self.desk.schedule.running
        if waiting and running is not None and not running.is_stopped:
            assert any(
                asked.uri == running.uri
                and asked.suffix == running.asked.suffix
                and asked.prefix.startswith(running.asked.prefix)
                for asked in waiting
            )

    def teardown(self) -> None:
        """Everybody is answered, and then the machine is idle."""
        self.desk.run()
        assert set(self.desk.answers) == set(range(len(self.desk.submitted)))
        self.what_is_shown_is_what_the_model_would_say()


TestTyping = Typing.TestCase
TestTyping.settings = settings(max_examples=150, stateful_step_count=40, deadline=None)
