"""The training recipe's commands are scripts; they import `recipe`, which stands beside them. None here needs torch."""

from __future__ import annotations

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).resolve().parents[2] / "models/training"))
