"""The assignment is the best there is: compared with every possible one."""

from hypothesis import given
from hypothesis import strategies as st

from evals.assignment import Weights, assign

matrices = st.integers(1, 5).flatmap(
    lambda rows: st.integers(1, 5).flatmap(
        lambda columns: st.dictionaries(
            st.tuples(st.integers(0, rows - 1), st.integers(0, columns - 1)), st.integers(1, 60), max_size=rows * columns
        )
    )
)


def best_total(weights: Weights, row: int = 0, used: frozenset[int] = frozenset()) -> int:
    """The best total, by recursion over rows."""
    if row == 5:
        return 0
    best = best_total(weights, row + 1, used)
    for column in range(5):
        if (row, column) in weights and column not in used:
            best = max(best, weights[row, column] + best_total(weights, row + 1, used | {column}))
    return best


@given(matrices)
def test_total_weight_equals_the_best_of_all_assignments(weights: Weights) -> None:
    pairs = assign(weights)

    assert sum(weights[pair] for pair in pairs) == best_total(weights)


@given(matrices)
def test_rows_and_columns_are_used_once_and_only_allowed_pairs_are_chosen(weights: Weights) -> None:
    pairs = assign(weights)

    assert len({row for row, _ in pairs}) == len({column for _, column in pairs}) == len(pairs)
    assert all(pair in weights for pair in pairs)


def test_the_greedy_choice_is_not_taken_where_it_loses() -> None:
    assert assign({(0, 0): 4, (0, 1): 6, (1, 1): 5}) == ((0, 0), (1, 1))


def test_nothing_allowed_gives_no_pairs() -> None:
    assert assign({}) == ()
