"""Properties that no scorer of nested records may break, on random documents."""

from __future__ import annotations

import random
from dataclasses import replace
from itertools import permutations

from hypothesis import assume, given, settings
from hypothesis import strategies as st

from evals.matching import align
from evals.metrics import ExchangeScore, score_exchanges
from evals.record import Count, Exchange, Named, Transfer
from tests.unit.evals.scoring import counts_of, score

parties = st.sampled_from(["KORA", "VEST", "DUN", None])
counts = st.builds(
    Count,
    category=st.sampled_from(["total", "military", "civilian"]),
    n=st.sampled_from([5, 6, 10]),
    qualifier=st.sampled_from(["exact", "about", "at_least"]),
)
transfers = st.builds(Transfer, source=parties, target=parties, counts=st.lists(counts, max_size=2).map(tuple))
members = st.lists(st.sampled_from(["quay", "barn"]).map(lambda name: Named(name=name)), max_size=2).map(tuple)
exchanges = st.builds(
    Exchange,
    status=st.sampled_from(["completed", "planned", None]),
    kind=st.sampled_from(["prisoner_exchange", "unilateral_release"]),
    date=st.sampled_from(["2031-04-09", "2031-04-10", "2031-04", None]),
    places=members,
    mediators=members,
    transfers=st.lists(transfers, max_size=2).map(tuple),
)
documents = st.lists(exchanges, max_size=3)
some = settings(max_examples=40, deadline=None)  # a random document takes milliseconds to build, and there are two of each

# Entailment is one-way, so what is symmetric is tested on exact days and numbers between known sides only.
plain_transfers = st.builds(
    Transfer,
    source=st.sampled_from(["KORA", "VEST"]),
    target=st.sampled_from(["VEST", "DUN"]),
    counts=st.lists(st.builds(Count, category=st.just("total"), n=st.sampled_from([5, 6])), max_size=2).map(tuple),
)
plain_documents = st.lists(
    st.builds(
        Exchange,
        status=st.sampled_from(["completed", "planned"]),
        date=st.sampled_from(["2031-04-09", "2031-04-10"]),
        transfers=st.lists(plain_transfers, max_size=2).map(tuple),
    ),
    max_size=3,
)


def lenient(result: ExchangeScore) -> int:
    """Twice the credit."""
    return 2 * result.total.cor + result.total.par


def shuffled(document: list[Exchange], seed: int) -> list[Exchange]:
    """The document with everything in it in another order."""
    rng = random.Random(seed)  # noqa: S311 - a shuffle, no secret

    def mix(items: tuple) -> tuple:  # type: ignore[type-arg]
        return tuple(rng.sample(items, len(items)))

    mixed = []
    for exchange in document:
        moved = tuple(replace(transfer, counts=mix(transfer.counts)) for transfer in mix(exchange.transfers))
        mixed.append(replace(exchange, transfers=moved, places=mix(exchange.places), mediators=mix(exchange.mediators)))
    return rng.sample(mixed, len(mixed))


@some
@given(documents)
def test_a_document_against_itself_is_all_correct_and_exact(document: list[Exchange]) -> None:
    result = score(document, document)

    assert result.total.par == result.total.inc == result.total.mis == result.total.spu == 0
    assert result.articles_exact == 1


@some
@given(documents, documents, st.integers(0, 9), st.integers(0, 9))
def test_the_order_of_things_changes_nothing(gold: list[Exchange], predicted: list[Exchange], one: int, other: int) -> None:
    first = score(gold, predicted)
    second = score(shuffled(gold, one), shuffled(predicted, other))

    assert first.slots == second.slots
    assert (first.matched, first.exact, first.core_exact) == (second.matched, second.exact, second.core_exact)


def _scores_of_every_alignment(gold: list[Exchange], predicted: list[Exchange]) -> list[ExchangeScore]:
    """The score of each way to pair records one to one (records that may not be paired count as unpaired)."""
    slots = [*range(len(predicted)), *[None] * len(gold)]
    results = []
    for choice in set(permutations(slots, len(gold))):
        total = ExchangeScore()
        for g, p in zip(gold, choice, strict=True):
            total += score([g], [] if p is None else [predicted[p]])
        for p in set(range(len(predicted))) - set(choice):
            total += score([], [predicted[p]])
        results.append(total)
    return results


@some
@given(documents, documents)
def test_no_alignment_of_records_is_better(gold: list[Exchange], predicted: list[Exchange]) -> None:
    result = score(gold, predicted)

    assert lenient(result) == max(lenient(other) for other in _scores_of_every_alignment(gold, predicted))


@some
@given(plain_documents, plain_documents)
def test_what_is_asked_and_answered_is_the_same_for_every_alignment(gold: list[Exchange], predicted: list[Exchange]) -> None:
    everything = [score(gold, predicted), *_scores_of_every_alignment(gold, predicted)]

    assert len({(other.total.act, other.total.pos) for other in everything}) == 1


@some
@given(plain_documents, plain_documents)
def test_swapping_the_sides_swaps_missing_and_spurious(gold: list[Exchange], predicted: list[Exchange]) -> None:
    forth, back = score(gold, predicted).total, score(predicted, gold).total

    assert (forth.cor, forth.inc, forth.mis, forth.spu) == (back.cor, back.inc, back.spu, back.mis)
    assert (forth.precision, forth.recall) == (back.recall, back.precision)


@some
@given(documents, documents, exchanges)
def test_more_answers_never_lower_recall_and_removing_one_never_raises_it(
    gold: list[Exchange], predicted: list[Exchange], more: Exchange
) -> None:
    fewer, result = score(gold, predicted).total, score(gold, [*predicted, more]).total

    assert (fewer.lenient_recall or 0) <= (result.lenient_recall or 0)


@some
@given(documents, documents)
def test_a_wholly_spurious_record_never_raises_precision(gold: list[Exchange], predicted: list[Exchange]) -> None:
    stranger = Exchange(status="failed", date="1802", transfers=(Transfer(source="XEN", target="YOL"),))
    # A gold record without any party may be the stranger; it is then no longer wholly spurious.
    assume(all(any(side for t in g.transfers for side in (t.source, t.target)) for g in gold))

    result, worse = score(gold, predicted).total, score(gold, [*predicted, stranger]).total

    assert (worse.lenient_precision or 0) <= (1 if result.lenient_precision is None else result.lenient_precision)


@some
@given(documents, documents)
def test_strict_figures_lie_between_nothing_and_lenient_ones(gold: list[Exchange], predicted: list[Exchange]) -> None:
    total = score(gold, predicted).total

    strict_figures = (total.precision, total.recall, total.f1)
    lenient_figures = (total.lenient_precision, total.lenient_recall, total.lenient_f1)
    for strict, loose in zip(strict_figures, lenient_figures, strict=True):
        assert (strict is None) == (loose is None)
        assert strict is None or loose is None or 0 <= strict <= loose <= 1


@some
@given(documents, documents)
def test_every_fill_has_exactly_one_outcome(gold: list[Exchange], predicted: list[Exchange]) -> None:
    total = score(gold, predicted).total
    asked, answered = score(gold, []).total, score([], predicted).total

    assert total.cor + total.par + total.inc + total.spu + total.neutral == answered.spu
    assert total.cor + total.par + total.inc + total.mis == asked.mis


@some
@given(st.lists(st.tuples(documents, documents), max_size=3))
def test_a_corpus_is_the_sum_of_its_articles(pairs: list[tuple[list[Exchange], list[Exchange]]]) -> None:
    scores = [score(gold, predicted) for gold, predicted in pairs]

    pooled = sum(scores, ExchangeScore())

    assert pooled.total.cor == sum(counts_of(each)[0] for each in scores)
    assert pooled.total.act == sum(each.total.act for each in scores)
    assert pooled.articles == len(pairs)


@some
@given(documents, documents)
def test_empty_slots_on_both_sides_change_no_figure(gold: list[Exchange], predicted: list[Exchange]) -> None:
    def bare(document: list[Exchange]) -> list[Exchange]:
        return [replace(exchange, status=None, transfers=(*exchange.transfers, Transfer(source=None, target=None)))
                for exchange in document]  # fmt: skip

    without = (
        [replace(exchange, status=None) for exchange in gold],
        [replace(exchange, status=None) for exchange in predicted],
    )

    assert score(*without).slots == score(bare(gold), bare(predicted)).slots


def test_pairs_name_positions_in_the_lists_given() -> None:
    first, second = Exchange(date="2031-04-10"), Exchange(date="2031-04-09")

    alignment = align([first, second], [second, first])

    assert [(pair.gold, pair.predicted) for pair in alignment.pairs] == [(0, 1), (1, 0)]
    assert score_exchanges(alignment).exact == 2
