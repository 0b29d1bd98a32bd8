"""Hashes by which runs are comparable."""

from dataclasses import replace

from evals.fingerprint import alias_digest, gold_digest, scorer_digest
from tests.unit.evals.scoring import make_case, make_swap


def test_the_gold_digest_depends_on_what_is_known_not_on_the_order() -> None:
    one = make_case("One.", exchanges=(make_swap(1, 1),))
    other = replace(one, id="other")

    assert gold_digest([one, other]) == gold_digest([other, one])
    assert gold_digest([one]) != gold_digest([replace(one, text="Two.")])
    assert gold_digest([one]) != gold_digest([replace(one, labels=frozenset(("direct",)))])
    assert gold_digest([one]) != gold_digest([replace(one, expected=replace(one.expected, exchanges=()))])


def test_all_digests_are_short_hex() -> None:
    assert all(len(digest) == 12 and int(digest, 16) >= 0 for digest in (scorer_digest(), alias_digest(), gold_digest([])))
