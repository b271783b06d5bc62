"""`python -P -m lsp_server` is the `bytefim` command. Knows nothing else."""

from __future__ import annotations

import sys

from lsp_server.cli import main

if __name__ == "__main__":
    sys.exit(main())
