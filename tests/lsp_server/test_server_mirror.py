"""Documents as the server mirrors them: a real process, over stdio, with a scripted model behind it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.lsp_server.conftest import RunningServer, StartServer
from tests.lsp_server.editor import INLINE, URI, at, change, digest, digest_of, edit, suggestion


@pytest.mark.parametrize("sign", ["\u2028", "\x0c", "\x85", "\x1c"])
def test_the_mirror_counts_only_the_lines_of_lsp(server: RunningServer, sign: str) -> None:
    """Trap 3: pygls counts more lines and puts later edits into the wrong one."""
    server.open(URI, f"a{sign}b\nc\n")
    change(server, 2, edit((1, 0), (1, 1), "XY"))

    assert digest(server) == digest_of(f"a{sign}b\nXY\n", 2)


def test_positions_past_the_end_mean_the_end(server: RunningServer) -> None:
    """Trap 4: pygls stops one unit short on the last line and may land between \\r and \\n."""
    server.open(URI, "ab\r\nabc")
    change(server, 2, edit((1, 10), (1, 10), "d"), edit((0, 10), (0, 10), "c"), edit((9, 9), (9, 9), "e"))

    assert digest(server) == digest_of("abc\r\nabcde", 2)


def test_half_a_surrogate_pair_is_before_the_character(server: RunningServer) -> None:
    """Trap 5: pygls rounds up silently."""
    server.open(URI, "🙂")
    change(server, 2, edit((0, 1), (0, 1), "x"))

    assert digest(server) == digest_of("x🙂", 2)
    assert suggestion(server, 0, 2)[1] == (0, 1, 0, 1)


def test_inside_a_character_the_whole_character_is_offered(start_server: StartServer) -> None:
    """Trap 5, where UTF-8 is spoken: the cursor may stand at any byte, the edit must be of characters."""
    server = start_server()
    server.initialize(capabilities={"general": {"positionEncodings": ["utf-8", "utf-16"]}})
    server.client.wait_for_state("idle")
    server.open(URI, "xé")

    assert suggestion(server, 0, 2) == ("è = 1", (0, 1, 0, 3))


def test_a_long_file_is_edited_and_asked_about_without_delay(server: RunningServer) -> None:
    """Trap 6: splitting 50,000 lines at every edit and every look-up would make these 400 messages take seconds."""
    server.open(URI, "line\n" * 50_000)
    for version in range(2, 202):
        change(server, version, edit((40_000, 0), (40_000, 0), "x"))
        server.client.ask("bytefim/why", {"textDocument": {"uri": URI}})
    text = "line\n" * 40_000 + "x" * 200 + "line\n" * 10_000

    assert digest(server) == digest_of(text, 201)


def test_after_an_edit_that_cannot_be_read_the_document_counts_as_closed(server: RunningServer) -> None:
    """A mirror that may be wrong is worse than none; the next full text heals it."""
    server.open(URI, "resu")
    change(server, 2, {"range": 5, "text": "x"})

    assert server.client.ask(INLINE, at(0, 4)) == {"items": []}
    reply = server.client.reply(server.client.request("bytefim/documentDigest", {"textDocument": {"uri": URI}}))
    assert "is not open" in reply["error"]["message"]
    server.open(URI, "resu")
    assert digest(server) == digest_of("resu", 1)
    assert server.client.heard("window/showMessage") == []


def test_a_lone_surrogate_is_survived(server: RunningServer) -> None:
    """JSON can carry it, UTF-8 cannot."""
    server.open(URI, "a\ud83db")
    change(server, 2, edit((0, 2), (0, 3), "\udc00"))

    assert digest(server) == digest_of("a\ufffd\ufffd", 2)


@pytest.mark.parametrize(("encoding", "column"), [("utf-8", 4), ("utf-16", 2), ("utf-32", 1)])
def test_columns_are_counted_as_negotiated(start_server: StartServer, encoding: str, column: int) -> None:
    """Neovim speaks UTF-8 first, VS Code UTF-16 only; unknown words in the list are passed over."""
    server = start_server()
    result: Any = server.initialize(capabilities={"general": {"positionEncodings": ["utf-7", encoding, "utf-16"]}})
    server.client.wait_for_state("idle")
    server.open(URI, "🙂 x", language="plaintext")
    change(server, 2, edit((0, column), (0, column), "!"))

    assert result["capabilities"]["positionEncoding"] == encoding
    assert digest(server) == digest_of("🙂! x", 2)
    assert suggestion(server, 0, column)[1] == (0, column, 0, column)
