"""How broken a text is, by its tree: nodes that the grammar could not place, and those that it misses."""

from __future__ import annotations

from tree_sitter import Node, Tree


def count_errors(tree: Tree, *, within: tuple[int, int] | None = None, unfinished_at: int | None = None) -> int:
    """ERROR and MISSING nodes. Looks only into what has errors.

    `within`: a span in which they do not count. `unfinished_at`: the end of the text; what is broken up to there is only unfinished, and does not count.
    """
    n_errors = 0
    stack: list[Node] = [tree.root_node]
    while stack:
        node = stack.pop()
        if not node.has_error and not node.is_missing:
            continue
        is_unfinished = unfinished_at is not None and node.end_byte >= unfinished_at
        is_within = within is not None and within[0] <= node.start_byte and node.end_byte <= within[1]
        n_errors += (node.is_error or node.is_missing) and not is_unfinished and not is_within
        stack.extend(node.children)
    return n_errors
