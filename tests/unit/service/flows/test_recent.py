from __future__ import annotations

from service.flows.recent import Recent
from tests.fakes import FixedClock


def test_a_value_is_kept_for_its_time() -> None:
    clock = FixedClock()
    recent: Recent[str, int] = Recent(seconds=3, most=2, clock=clock.now)
    recent.put("a", 1)

    clock.time += 2.9
    before = recent.get("a")
    clock.time += 0.1

    assert (before, recent.get("a"), len(recent)) == (1, None, 0)


def test_putting_a_value_again_begins_its_time_anew() -> None:
    clock = FixedClock()
    recent: Recent[str, int] = Recent(seconds=3, most=2, clock=clock.now)
    recent.put("a", 1)
    clock.time += 2
    recent.put("a", 2)
    clock.time += 2

    assert recent.get("a") == 2


def test_the_oldest_go_when_there_are_too_many() -> None:
    recent: Recent[str, int] = Recent(seconds=3, most=2, clock=FixedClock().now)
    for name, value in (("a", 1), ("b", 2), ("a", 3), ("c", 4)):
        recent.put(name, value)

    assert (recent.get("a"), recent.get("b"), recent.get("c")) == (3, None, 4)
