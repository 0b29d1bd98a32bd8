"""One-to-one assignment of greatest total weight (Hungarian method), tested against brute force.

The matrices here are small (records, transfers, counts of one article), so forty lines replace a dependency of 200 MB.
"""

from __future__ import annotations

from collections.abc import Mapping

Weights = Mapping[tuple[int, int], int]


def assign(weights: Weights) -> tuple[tuple[int, int], ...]:
    """Pairs (row, column) of greatest total weight, in row order; a pair that is not in `weights` is forbidden.

    Weights are positive integers (exact: no rounding can reorder ties). Takes each connected part by itself.

    >>> assign({(0, 0): 4, (0, 1): 6, (1, 1): 5})
    ((0, 0), (1, 1))
    """
    chosen: list[tuple[int, int]] = []
    for part in _components(weights):
        rows = sorted({row for row, _ in part})
        columns = sorted({column for _, column in part})
        if len(rows) == 1 or len(columns) == 1:
            chosen.append(max(part, key=lambda pair: (weights[pair], -pair[0], -pair[1])))
            continue
        size = max(len(rows), len(columns))
        cost = [[0] * size for _ in range(size)]
        for row, column in part:
            cost[rows.index(row)][columns.index(column)] = -weights[row, column]
        for i, j in enumerate(_hungarian(cost)):
            # What is forbidden weighs 0 in the square matrix and is dropped here: safe, since allowed weights are positive.
            if i < len(rows) and j < len(columns) and (rows[i], columns[j]) in weights:
                chosen.append((rows[i], columns[j]))
    return tuple(sorted(chosen))


def _components(weights: Weights) -> list[list[tuple[int, int]]]:
    """The allowed pairs in groups that share no row and no column."""
    group_of: dict[tuple[str, int], int] = {}
    groups: dict[int, list[tuple[int, int]]] = {}
    for number, (row, column) in enumerate(sorted(weights)):
        merged = [(row, column)]
        for label in {group_of.get(("row", row)), group_of.get(("column", column))} - {None}:
            merged += groups.pop(label) if label is not None else []
        groups[number] = merged
        for i, j in merged:
            group_of["row", i] = group_of["column", j] = number
    return [sorted(group) for group in groups.values()]


def _hungarian(cost: list[list[int]]) -> list[int]:
    """For each row of a square matrix the column of a cheapest perfect assignment (shortest augmenting paths, O(n³))."""
    size = len(cost)
    row_price = [0] * (size + 1)
    column_price = [0] * (size + 1)
    row_of = [size] * (size + 1)  # row that holds a column; `size` means free, and column `size` is the starting point
    for row in range(size):
        row_of[size] = row
        reached: dict[int, int] = {}
        slack: list[int | None] = [None] * size
        done = [False] * (size + 1)
        column = size
        while row_of[column] != size:
            done[column] = True
            here = row_of[column]
            for j in range(size):
                if not done[j]:
                    reduced = cost[here][j] - row_price[here] - column_price[j]
                    known = slack[j]
                    if known is None or reduced < known:
                        slack[j], reached[j] = reduced, column
            step, nearest = min((value, j) for j, value in enumerate(slack) if value is not None and not done[j])
            for j in range(size + 1):
                if done[j]:
                    row_price[row_of[j]] += step
                    column_price[j] -= step
                elif (open_slack := slack[j]) is not None:
                    slack[j] = open_slack - step
            column = nearest
        while column != size:
            row_of[column] = row_of[reached[column]]
            column = reached[column]
    columns = [0] * size
    for column in range(size):
        columns[row_of[column]] = column
    return columns
