"""A server process and very many messages by chance: none hangs, none shows a popup, and the mirrors stay right."""

from __future__ import annotations

import hashlib
from collections import Counter

import pytest

from lsp_server.documents.text import PositionEncoding
from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.fuzzing import Fuzzer
from tests.lsp_server.raw_client import Message

URIS = ("file:///w/a.py", "untitled:Untitled-1", "file:///c%3A/w/%C3%A9.py")
ROUND = 100  # messages between two comparisons of the mirrors
CANCELLED = -32800


def is_reply_to(number: int | str, message: Message) -> bool:
    return "method" not in message and message.get("id") == number


def compare_mirrors(server: RunningServer, fuzzer: Fuzzer) -> None:
    """Both sides hold the same bytes and versions of every document."""
    for uri, text in fuzzer.texts.items():
        number, request = fuzzer.ask("bytefim/documentDigest", {"textDocument": {"uri": uri}})
        server.client.send_unframed(request)
        reply = server.client.wait_for(lambda message, number=number: is_reply_to(number, message))
        utf8 = text.utf8()

        assert reply["result"] == {
            "version": fuzzer.versions[uri],
            "n_bytes": len(utf8),
            "sha256": hashlib.sha256(utf8).hexdigest(),
        }


def drive(server: RunningServer, *, encoding: PositionEncoding, seed: int, n_messages: int) -> None:
    """Send them all, compare all along, and settle the accounts at the end."""
    server.initialize(capabilities={"general": {"positionEncodings": [encoding]}})
    server.client.wait_for_state("idle")
    fuzzer = Fuzzer(seed, encoding, URIS)
    for i in range(1, n_messages + 1):
        server.client.send_unframed(fuzzer.next_bytes())
        if i % ROUND == 0:
            compare_mirrors(server, fuzzer)
    for number in fuzzer.inline_ids:
        server.client.wait_for(lambda message, number=number: is_reply_to(number, message))
    replies = server.client.replies()
    errors = [
        reply["error"]
        for reply in replies
        if reply.get("id") in fuzzer.inline_ids and reply.get("error", {"code": CANCELLED})["code"] != CANCELLED
    ]

    fuzzer.expected[1] += 1  # the handshake
    assert Counter(reply["id"] for reply in replies if reply["id"] is not None) == +fuzzer.expected
    assert errors == []
    assert server.client.heard("window/showMessage") == []
    assert "Traceback" not in server.log.read_text()
    assert server.stop() == 0


def test_a_thousand_messages_by_chance_do_no_harm(start_server: StartServer) -> None:
    """A taste of what follows, at every change."""
    drive(start_server(), encoding="utf-16", seed=1, n_messages=1000)


@pytest.mark.slow
@pytest.mark.parametrize(("encoding", "seed"), [("utf-8", 2), ("utf-16", 3), ("utf-32", 4)])
def test_twenty_thousand_messages_by_chance_do_no_harm(
    start_server: StartServer, encoding: PositionEncoding, seed: int
) -> None:
    """Each request with an id gets exactly one reply, whatever it says and whatever comes before it."""
    drive(start_server(), encoding=encoding, seed=seed, n_messages=20_000)
