"""Downloads from a server that misbehaves: what is there in the end is whole, or nothing has the file's name."""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from lsp_server.store.download import DownloadStopped, Progress
from lsp_server.store.part import owning_part
from lsp_server.store.web import NotAnswered, Route
from tests.lsp_server.download_desk import CONTENT, N_BYTES, PARTS_STAY, Desk, opening_desk
from tests.lsp_server.model_hub import (
    NAME,
    Way,
    another_part,
    answering,
    chunked,
    chunked_cut,
    cut_after,
    endless,
    make_model,
    no_http,
    redirecting,
    reset_after,
    sha256_of,
    silent_after,
    well,
    whole_always,
    whole_cut_after,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opening_desk(tmp_path / "models") as desk:
        yield desk


WAYS_TO_THE_END: dict[str, tuple[Sequence[Way], list[str | None]]] = {
    "well": ([well], [None]),
    "cut twice": ([cut_after(1000), cut_after(2000), well], [None, "bytes=1000-", "bytes=3000-"]),
    "reset": ([cut_after(1000), reset_after(0), well], [None, "bytes=1000-", "bytes=1000-"]),
    "no ranges": ([cut_after(1000), whole_always], [None, "bytes=1000-"]),
    "cut, no ranges, cut": (
        [cut_after(9000), whole_cut_after(500), well],
        [None, "bytes=9000-", "bytes=500-"],
    ),
    "another part": ([cut_after(1000), another_part, well], [None, "bytes=1000-", None]),
    "overloaded for a while": ([cut_after(1000), answering(503), answering(429), well], [None, *["bytes=1000-"] * 3]),
    "no http for a while": ([cut_after(1000), no_http, well], [None, *["bytes=1000-"] * 2]),
    "chunked": ([chunked], [None]),
    "chunked after a cut": ([cut_after(1000), chunked], [None, "bytes=1000-"]),
    "chunked and cut": ([chunked_cut, well], [None, f"bytes={N_BYTES - 1000}-"]),
    "redirected here": ([redirecting("/elsewhere"), well], [None, None]),
    "range refused": ([cut_after(1000), answering(416), well], [None, "bytes=1000-", None]),
}


@pytest.mark.parametrize("name", WAYS_TO_THE_END)
def test_whatever_happens_on_the_way_the_file_is_whole_in_the_end(desk: Desk, name: str) -> None:
    """Lines break, proxies drop headers; a gigabyte shall not begin anew for it."""
    ways, ranges = WAYS_TO_THE_END[name]
    done = desk.fetch(*ways)

    assert done.path.read_bytes() == CONTENT
    assert (done.sha256, done.n_bytes, done.unchecked) == (sha256_of(CONTENT), N_BYTES, ())
    assert desk.ranges == ranges
    assert desk.files == [NAME]


REFUSALS: dict[str, tuple[Sequence[Way], str]] = {
    "gated 401": ([answering(401)], "answers 401 Unauthorized; open {page} with a browser, agree to the licence there"),
    "gated 403": ([answering(403)], "answers 403 Forbidden; open {page} with a browser, agree to the licence there"),
    "gone": ([answering(404)], "answers 404 Not Found; it may have moved: update bytefim, or fetch it from {page}"),
    "broken": ([answering(500)], "answers 500 Internal Server Error; try again later"),
    "no content": ([answering(204, b"")], "answers 204 No Content"),
    "no http": ([no_http], "cannot be reached (220 ready"),
    "hangs up": ([reset_after(0)], "cannot be reached ("),
    "redirected for ever": ([redirecting("/again")], "answers 302 Found; it leads in a circle"),
    "without encryption": ([redirecting("http://models.invalid/x")], "redirects to models.invalid without encryption"),
    "to a file": ([redirecting("file:///etc/passwd")], "answers 302 Found"),
    "another size": ([answering(200, b"<html>")], "has 6 bytes under that name, and the catalogue knows 300000"),
    "compressed": ([answering(200, CONTENT, Content_Encoding="gzip")], "sends the file in another encoding"),
    "without end": ([endless], "sends more than the file has"),
    "a part unasked": ([another_part], "sends a part that was not asked for"),
    "a range refused unasked": ([answering(416)], "sends nothing of it"),
}


@pytest.mark.parametrize("name", REFUSALS)
def test_what_cannot_come_is_told_in_one_sentence(desk: Desk, name: str) -> None:
    """With the file, the host, and what to do; and nothing lies about."""
    ways, expected = REFUSALS[name]
    page = desk.hub.url.replace(NAME, "owner/model")
    sentence = desk.refusal(*ways, url=f"{page}/resolve/main/{NAME}")

    assert sentence.startswith(f"{NAME} was not fetched: ")
    assert expected.format(page=page) in sentence
    assert sentence.endswith(".")
    assert "\n" not in sentence
    assert desk.pauses_s == []
    assert [name for name in desk.files if not name.startswith(NAME + ".part")] == []


def test_an_endless_failure_ends_after_growing_pauses(desk: Desk) -> None:
    """And says that the bytes are kept."""
    sentence = desk.refusal(cut_after(120_000), cut_after(0))

    assert desk.pauses_s == [1.0, 2.0, 4.0, 8.0, 16.0]
    assert sentence == (
        f"{NAME} was not fetched: 127.0.0.1 ended the connection early; check the network, or name a proxy (--proxy) or"
        " a mirror (--mirror); 0.1 MB have arrived and stay, and the same command goes on with them."
    )
    assert desk.files == PARTS_STAY


def test_a_long_way_may_break_off_often_as_long_as_it_goes_on(desk: Desk) -> None:
    """Eight times, more than the pauses; each time it is a megabyte further."""
    desk.hub.content = make_model(9 << 20)
    done = desk.fetch(*[cut_after((1 << 20) + 1)] * 8, well, n_bytes=9 << 20, sha256=sha256_of(desk.hub.content))

    assert done.path.read_bytes() == desk.hub.content
    assert desk.pauses_s == [1.0] * 8


def test_a_server_without_ranges_on_a_line_that_breaks_is_given_up(desk: Desk) -> None:
    """It sends the same beginning again and again, and is never further than before."""
    desk.refusal(whole_cut_after(200_000))

    assert len(desk.hub.asked) == 6


def test_a_server_that_changes_its_mind_for_ever_is_given_up(desk: Desk) -> None:
    """Every answer is of a new version, and then the line breaks."""

    def fickle(handler: object) -> None:
        desk.hub.etag = f'"{len(desk.hub.asked)}"'
        cut_after(200_000)(handler)  # type: ignore[arg-type]

    desk.refusal(fickle, sha256=None)

    assert len(desk.hub.asked) == 6


def test_silence_is_noticed(desk: Desk) -> None:
    """A line that died says nothing."""
    done = desk.fetch(silent_after(1000), well, route=Route(timeout_s=1))

    assert done.path.read_bytes() == CONTENT
    assert desk.pauses_s[0] == 1.0  # on a busy machine, the second request may be late too


def test_no_network_is_told_at_once(desk: Desk) -> None:
    """Nobody waits for half a minute; a name that does not exist, and a port where nobody listens."""
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        port = unused.getsockname()[1]
    refused = desk.refusal(url=f"http://127.0.0.1:{port}/x")
    unknown = desk.refusal(url="https://models.invalid/x")

    assert "127.0.0.1 cannot be reached (" in refused
    assert "models.invalid cannot be reached (" in unknown
    assert "name a proxy (--proxy) or a mirror (--mirror)" in refused
    for proxy in (f"user:secret@127.0.0.1:{port}", f"http://user:secret@127.0.0.1:{port}"):
        through = desk.refusal(url="https://models.invalid/x", route=Route(proxy=proxy))
        assert "models.invalid cannot be reached through the proxy 127.0.0.1" in through
        assert "secret" not in through
    assert desk.pauses_s == []


def test_tls_that_is_none_is_told(desk: Desk) -> None:
    """A portal of a hotel, a wrong port."""
    sentence = desk.refusal(url=desk.hub.url.replace("http:", "https:"))

    assert "127.0.0.1 cannot be reached (" in sentence


@pytest.mark.parametrize("url", ["http://models.example.org/x", "ftp://models.example.org/x", "file:///etc/passwd"])
def test_nothing_is_asked_for_without_encryption(desk: Desk, url: str) -> None:
    """Whoever listens could put another file in its place."""
    assert "without encryption" in desk.refusal(url=url)


def test_encryption_is_never_left_on_the_way() -> None:
    """Not even for this machine, where whoever redirects may have put something."""
    Route().require_safe("http://localhost/x", before="http://127.0.0.1/x")
    with pytest.raises(NotAnswered, match=r"hub\.example\.org redirects to localhost without encryption"):
        Route().require_safe("http://localhost/x", before="https://hub.example.org/x")


def test_a_mirror_stands_for_scheme_and_host(desk: Desk) -> None:
    """Named by the user, it may be without encryption: it is his network. Its proxy is asked for the same address."""
    mirror = desk.hub.url.removesuffix("/" + NAME)
    desk.fetch(well, url="https://hub.example.org/a/b?c=d", route=Route(mirror=mirror + "/prefix/"))
    assert desk.hub.asked[0][0] == "/prefix/a/b?c=d"
    desk.fetch(
        well, url="https://hub.example.org/a", route=Route(mirror="http://mirror.invalid", proxy=mirror, timeout_s=5)
    )

    assert desk.hub.asked[0][0] == "http://mirror.invalid/a"
    (desk.folder / NAME).unlink()
    assert "the mirror mirror is no address that can be asked" in desk.refusal(route=Route(mirror="mirror"))
    assert "secret" not in desk.refusal(route=Route(mirror="https://user:secret@example.org"))


def test_the_proxy_of_the_environment_is_asked(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    """As every other program of the user does; what no_proxy names is asked directly."""
    monkeypatch.setenv("http_proxy", desk.hub.url.removesuffix(NAME))
    desk.fetch(well, url="https://hub.example.org/a", route=Route(mirror="http://mirror.invalid", timeout_s=5))
    assert desk.hub.asked[0][0] == "http://mirror.invalid/a"
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    desk.fetch(well)

    assert desk.hub.asked[0][0] == "/" + NAME


def test_it_can_be_stopped_between_any_two_pieces(desk: Desk) -> None:
    """By whoever asked for it."""
    desk.stops_at_bytes = 1000
    with pytest.raises(DownloadStopped, match=r"was not fetched to its end; 0\.0 MB have arrived and stay"):
        desk.fetch(cut_after(1000), well)
    assert desk.files == PARTS_STAY
    desk.stops_at_bytes = None

    assert desk.fetch(well).n_from_before == 1000


def test_only_one_at_a_time_fetches_a_file(desk: Desk) -> None:
    """Two that write the same bytes in turn make a third file."""
    with owning_part(desk.folder / NAME):
        sentence = desk.refusal(well)

    assert sentence == f"{NAME} is being fetched by another process already; wait for that one, or end it."
    assert desk.fetch(well).path.read_bytes() == CONTENT
    assert desk.files == [NAME]


def test_progress_goes_from_nothing_to_all(desk: Desk) -> None:
    """In steps that are fine enough to be stopped at."""
    desk.fetch(well)

    assert (desk.told[0].n_bytes, desk.told[-1]) == (0, Progress(N_BYTES, N_BYTES, 0))
