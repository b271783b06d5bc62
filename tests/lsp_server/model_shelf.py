"""A catalogue of one model, whose file is here, to be packed into bundles."""

from __future__ import annotations

from pathlib import Path

from lsp_server.store.catalog import Catalog, read_catalog
from tests.lsp_server.model_hub import make_model, sha256_of

FILE = "made-up-q8_0.gguf"
CONTENT = make_model(100_000)
NOBODY_KNOWS = Catalog("made-up", (), ())


def make_shelf(folder: Path) -> Catalog:
    """In that folder, which is made."""
    folder.mkdir()
    (folder / FILE).write_bytes(CONTENT)
    (folder / "catalog.toml").write_text(
        'default = "made-up"\n[families.arcane]\narchitecture = "llama"\nlayout = "psm"\ntrained_layouts = ["psm"]\n'
        'cut = "word"\nrepository_format = false\nfim_texts = ["<｜begin｜>", "<S>", "<M>"]\n'
        '[models.made-up]\nfamily = "arcane"\nlicence = "MIT"\nlicence_warning = "not for sale"\nsummary = "made up"\n'
        'upstream = "https://example.org/made-up"\n'
        f'[[models.made-up.files]]\nfile = "{FILE}"\nquantisation = "Q8_0"\nn_bytes = {len(CONTENT)}\n'
        f'sha256 = "{sha256_of(CONTENT)}"\n',
        encoding="utf-8",
    )
    return read_catalog((folder,))
