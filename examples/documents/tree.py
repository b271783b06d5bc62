"""Prints a folder as a tree — names only, folders first.

project
├── docs
│   └── index.md
└── README.md
"""

import os
import sys

# ──────────────────────────────────────────────────────────
# Options
# ──────────────────────────────────────────────────────────

BRANCH = "├──"
LAST_BRANCH = "└──"
PIPE = "│  "
BLANK = "   "
IGNORED = {".git", "__pycache__", "node_modules"}

# ──────────────────────────────────────────────────────────
# Reading
# ──────────────────────────────────────────────────────────


def list_folder(path):
    """Return the names in a folder, folders first; nothing if we aren’t allowed to look."""
    try:
        names = os.listdir(path)
    except PermissionError:
        return []
    names = [name for name in names if name not in IGNORED]
    return sorted(names, key=lambda name: (not os.path.isdir(os.path.join(path, name)), name))


def count_files(path):
    """Return the number of files below a folder; links aren’t followed, so this doesn’t loop."""
    count = 0
    for root, dirs, files in os.walk(path):
        dirs[:] = [name for name in dirs if name not in IGNORED]
        count += len(files)
    return count


# ──────────────────────────────────────────────────────────
# Printing
# ──────────────────────────────────────────────────────────


def print_tree(path, prefix=""):
    names = list_folder(path)
    for i, name in enumerate(names):
        is_last = i == len(names) - 1
        branch = LAST_BRANCH if is_last else BRANCH
        print(f"{prefix}{branch} {name}")
        child = os.path.join(path, name)
        if os.path.isdir(child):
            print_tree(child, prefix + (BLANK if is_last else PIPE) + " ")


def main():
    path = sys.argv[1] if len(sys.argv) > 1 else "."
    print(os.path.abspath(path))
    print_tree(path)
    print(f"{count_files(path)} files — that’s all")


if __name__ == "__main__":
    main()
