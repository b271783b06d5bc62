"""A user who fetches the file of a hub that misbehaves: what he knows, waits for, and is told."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from lsp_server.store.download import Circumstances, Downloaded, Progress, WantedFile, download
from lsp_server.store.part import NotFetched
from lsp_server.store.web import Route
from tests.lsp_server.model_hub import NAME, Hub, Way, make_model, serving, sha256_of, well

N_BYTES = 300_000
CONTENT = make_model(N_BYTES)
OTHER_CONTENT = make_model(N_BYTES, seed=1)
PARTS_STAY = [NAME + ".part", NAME + ".part.json"]


@dataclass
class Desk:
    """One user's attempts to fetch the file of the hub; what he waited for and was told."""

    hub: Hub
    folder: Path
    pauses_s: list[float] = field(default_factory=list)
    told: list[Progress] = field(default_factory=list)
    stops_at_bytes: int | None = None
    free_bytes: int = 1 << 40

    def fetch(self, *ways: Way, route: Route | None = None, url: str | None = None, **known: object) -> Downloaded:
        """All of it is known unless `known` says otherwise."""
        self.hub.ways, self.hub.asked = ways or (well,), []
        what = {"n_bytes": N_BYTES, "sha256": sha256_of(CONTENT), **known}
        wanted = WantedFile(name=NAME, url=url or self.hub.url, **what)  # type: ignore[arg-type]
        circumstances = Circumstances(
            route=route or Route(timeout_s=5),
            tell=self.told.append,
            is_stopped=lambda: bool(self.told) and self.told[-1].n_bytes == self.stops_at_bytes,
            wait=self.pauses_s.append,
            find_free_bytes=lambda _: self.free_bytes,
        )
        return download(wanted, self.folder, circumstances=circumstances)

    def refusal(self, *ways: Way, route: Route | None = None, url: str | None = None, **known: object) -> str:
        """The sentence."""
        with pytest.raises(NotFetched) as caught:
            self.fetch(*ways, route=route, url=url, **known)
        assert not (self.folder / NAME).exists()
        return str(caught.value)

    @property
    def files(self) -> list[str]:
        return sorted(path.name for path in self.folder.iterdir())

    @property
    def ranges(self) -> list[str | None]:
        """Of the requests of the last attempt."""
        return [asked for _, asked, _ in self.hub.asked]


@contextmanager
def opening_desk(folder: Path) -> Iterator[Desk]:
    """With a hub at work, and no proxy in between."""
    with pytest.MonkeyPatch.context() as patch, serving(CONTENT) as hub:
        without_proxy(patch)
        yield Desk(hub, folder)


def without_proxy(patch: pytest.MonkeyPatch) -> None:
    """Whatever the environment says; child processes inherit it."""
    for name in ("http_proxy", "https_proxy", "all_proxy", "no_proxy"):
        patch.delenv(name, raising=False)
        patch.delenv(name.upper(), raising=False)
