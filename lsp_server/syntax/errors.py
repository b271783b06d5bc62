"""How broken a text is, by its tree: nodes that the grammar could not place, and those that it misses."""

from __future__ import annotations

from tree_sitter import Node, Tree


def count_errors(tree: Tree, *, within: tuple[int, int] | None = None) -> int:
    """ERROR and MISSING nodes, but for those wholly inside a span. Looks only into what has errors."""
    n_errors = 0
    stack: list[Node] = [tree.root_node]
    while stack:
        node = stack.pop()
        if not node.has_error and not node.is_missing:
            continue
        is_within = within is not None and within[0] <= node.start_byte and node.end_byte <= within[1]
        n_errors += (node.is_error or node.is_missing) and not is_within
        stack.extend(node.children)
    return n_errors
