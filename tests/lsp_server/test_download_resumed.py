"""What has arrived in an earlier attempt: gone on with where it is certainly of the same file, and nowhere else."""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator
from pathlib import Path
from typing import IO

import pytest

from lsp_server.store.download import Circumstances, WantedFile, download
from lsp_server.store.part import SPARE_BYTES, NotFetched, Origin, Part, owning_part
from tests.lsp_server.download_desk import CONTENT, N_BYTES, OTHER_CONTENT, Desk, opening_desk
from tests.lsp_server.model_hub import (
    NAME,
    answering,
    chunked_cut,
    cut_after,
    endless,
    redirecting,
    sha256_of,
    until_closed,
    well,
)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    with opening_desk(tmp_path / "models") as desk:
        yield desk


def test_the_next_command_goes_on_where_the_last_one_stopped(desk: Desk) -> None:
    """With the version that it began with, or else from the beginning."""
    desk.refusal(cut_after(100_000), cut_after(0))
    done = desk.fetch(well)

    assert desk.hub.asked == [("/" + NAME, "bytes=100000-", '"first"')]
    assert (done.n_from_before, done.path.read_bytes()) == (100_000, CONTENT)
    assert any(progress.is_checking for progress in desk.told)


def test_a_file_that_changed_meanwhile_is_fetched_anew(desk: Desk) -> None:
    """Two halves of two versions look like a model."""
    desk.refusal(cut_after(100_000), cut_after(0), sha256=None)
    desk.hub.content, desk.hub.etag = OTHER_CONTENT, '"second"'
    done = desk.fetch(well, sha256=None)

    assert done.path.read_bytes() == OTHER_CONTENT
    assert done.n_from_before == 0


def test_a_server_that_minds_no_if_range_is_found_out_by_its_new_tag(desk: Desk) -> None:
    """Without a checksum, nothing else tells."""
    desk.refusal(cut_after(100_000), cut_after(0), sha256=None)
    desk.hub.content, desk.hub.etag = OTHER_CONTENT, '"second"'

    def heedless(handler: object) -> None:
        del handler.headers["If-Range"]  # type: ignore[attr-defined]
        well(handler)  # type: ignore[arg-type]

    done = desk.fetch(heedless, well, sha256=None)

    assert done.path.read_bytes() == OTHER_CONTENT
    assert desk.ranges == ["bytes=100000-", None]


def test_without_tag_and_checksum_nothing_is_gone_on_with(desk: Desk) -> None:
    """Nobody could tell whether it is the same file."""
    desk.hub.etag = None
    desk.refusal(cut_after(100_000), cut_after(0), sha256=None)
    desk.fetch(well, sha256=None)

    assert desk.ranges == [None]


def test_a_known_checksum_lets_another_mirror_go_on(desk: Desk) -> None:
    """Whose tags mean nothing to the first."""
    desk.refusal(cut_after(100_000), cut_after(0))
    done = desk.fetch(well, url=desk.hub.url + "?mirror")

    assert desk.hub.asked == [("/" + NAME + "?mirror", "bytes=100000-", None)]
    assert done.path.read_bytes() == CONTENT


@pytest.mark.parametrize("n_stale", [10, N_BYTES, N_BYTES + 10])
def test_bytes_of_another_file_are_never_gone_on_with(desk: Desk, n_stale: int) -> None:
    """The catalogue has learned of a new version since."""
    desk.refusal(cut_after(100_000), cut_after(0), sha256="0" * 64)
    (desk.folder / (NAME + ".part")).write_bytes(OTHER_CONTENT[:n_stale])
    done = desk.fetch(well)

    assert done.path.read_bytes() == CONTENT
    assert desk.ranges == [None]


@pytest.mark.parametrize("note", [b"", b"{", b"[]", b'{"source": 1}', b"\xff"])
def test_bytes_without_a_readable_note_are_fetched_anew(desk: Desk, note: bytes) -> None:
    """A disk was full, or another version wrote it."""
    desk.folder.mkdir()
    (desk.folder / (NAME + ".part")).write_bytes(b"whatever")
    (desk.folder / (NAME + ".part.json")).write_bytes(note)

    assert desk.fetch(well).path.read_bytes() == CONTENT


def test_what_had_arrived_completely_is_not_asked_for_again(desk: Desk) -> None:
    """The power went between the last byte and the check."""
    desk.refusal(cut_after(N_BYTES - 1), cut_after(0))
    (desk.folder / (NAME + ".part")).write_bytes(CONTENT)
    done = desk.fetch(answering(500))

    assert done.path.read_bytes() == CONTENT
    assert desk.hub.asked == []


def test_a_part_that_is_complete_without_knowing_it_learns_it_from_the_server(desk: Desk) -> None:
    """416, with the size of the whole."""
    desk.refusal(chunked_cut, cut_after(0), n_bytes=None)
    (desk.folder / (NAME + ".part")).write_bytes(CONTENT)
    done = desk.fetch(well, n_bytes=None)

    assert desk.ranges == [f"bytes={N_BYTES}-"]
    assert done.path.read_bytes() == CONTENT


def test_damaged_bytes_never_get_the_name(desk: Desk) -> None:
    """They are deleted, or the next attempt would go on with them."""
    desk.hub.content = OTHER_CONTENT
    sentence = desk.refusal(well)

    assert f"{NAME} is not that file (SHA-256 {sha256_of(OTHER_CONTENT)[:12]}..." in sentence
    assert "run the same command again, or try another mirror" in sentence
    assert desk.files == []


def test_bytes_damaged_on_the_disk_are_found_when_it_goes_on(desk: Desk) -> None:
    """What was there is read again, not believed."""
    desk.refusal(cut_after(100_000), cut_after(0))
    part = desk.folder / (NAME + ".part")
    part.write_bytes(part.read_bytes()[:-1] + b"\x00")

    assert "was deleted" in desk.refusal(well)


def test_without_a_known_checksum_it_says_so_and_wants_a_model_at_least(desk: Desk) -> None:
    """Many files of the hubs are known by name alone."""
    done = desk.fetch(well, n_bytes=None, sha256=None)
    page = b"<html>" * 50_000

    assert (done.unchecked, done.sha256) == (("its exact size", "its SHA-256"), sha256_of(CONTENT))
    done.path.unlink()
    for way in (answering(200, page), until_closed(n_left_out=1)):
        assert "is no whole model and was deleted" in desk.refusal(way, n_bytes=None, sha256=None)
    assert desk.files == []


def test_of_what_never_ends_the_disk_is_not_filled(desk: Desk) -> None:
    """Nobody said how much it would be."""
    free_bytes = iter(range(300 << 20, 0, -(1 << 20)))
    around = Circumstances(find_free_bytes=lambda _: next(free_bytes))
    desk.hub.ways = (endless,)
    with pytest.raises(NotFetched, match="MB are free; make room there"):
        download(WantedFile(name=NAME, url=desk.hub.url), desk.folder, circumstances=around)

    assert next(free_bytes) > 0


def test_the_checksum_that_a_hub_tells_is_compared(desk: Desk) -> None:
    """Hubs name it when they redirect to where their large files lie."""
    told = redirecting("/cdn", X_Linked_ETag=f'"{sha256_of(CONTENT)}"')
    assert desk.fetch(told, well, sha256=None).unchecked == ()
    (desk.folder / NAME).unlink()
    desk.hub.content = OTHER_CONTENT

    assert "is not that file" in desk.refusal(told, well, sha256=None)


def test_a_full_disk_is_told_before_anything_is_fetched(desk: Desk) -> None:
    """Not after an hour."""
    desk.free_bytes = SPARE_BYTES + N_BYTES - 1
    sentence = desk.refusal(well)

    assert sentence.startswith(f"{NAME} needs 0 MB more in {desk.folder}, where 67 MB are free; make room there")
    desk.free_bytes += 1
    assert desk.fetch(well).path.exists()


@pytest.mark.parametrize(
    ("number", "expected"), [(errno.ENOSPC, "is full; make room there"), (errno.EIO, "cannot be written (")]
)
def test_a_disk_that_fails_midway_keeps_what_it_has(
    desk: Desk, monkeypatch: pytest.MonkeyPatch, number: int, expected: str
) -> None:
    """Others write too."""
    write = Part.write

    class Failing:
        """A file whose disk takes a little, and then nothing."""

        def __init__(self, file: IO[bytes]) -> None:
            self._file = file
            self._n_left = 5
            self.close, self.fileno = file.close, file.fileno

        def write(self, chunk: memoryview) -> int:
            if not self._n_left:
                raise OSError(number, os.strerror(number))
            n_bytes, self._n_left = self._file.write(chunk[: self._n_left]), 0
            return n_bytes

    def fail(part: Part, chunk: bytes) -> None:
        part._file = Failing(part._file)  # type: ignore[assignment, arg-type]
        write(part, chunk)

    with monkeypatch.context() as patch:
        patch.setattr(Part, "write", fail)
        sentence = desk.refusal(well)
    done = desk.fetch(well)

    assert expected in sentence
    assert desk.ranges == ["bytes=5-"]
    assert done.path.read_bytes() == CONTENT


def test_a_disk_that_takes_little_at_a_time_gets_all_of_it(tmp_path: Path) -> None:
    """A write may be short without being a failure."""

    class Sipping:
        def __init__(self, file: IO[bytes]) -> None:
            self._file = file
            self.close, self.fileno = file.close, file.fileno

        def write(self, chunk: memoryview) -> int:
            return self._file.write(chunk[:1000])

    with owning_part(tmp_path / NAME) as part:
        part.begin(Origin("somewhere", None, None, None))
        part._file = Sipping(part._file)  # type: ignore[assignment, arg-type]
        part.write(CONTENT)
        digest, path = part.sha256, part.finish()

    assert digest == sha256_of(CONTENT)
    assert path.read_bytes() == CONTENT
