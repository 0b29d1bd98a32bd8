"""Long articles: split at paragraph borders for the model, and one event told in two chunks merged into one."""

from __future__ import annotations

from dataclasses import dataclass, replace

from service.domain.candidate import Candidates, MentionKind, Paragraph
from service.domain.draft import Draft, DraftExchange, DraftTransfer
from service.extraction.checks import party_name
from service.extraction.counting import quantity
from service.extraction.reference import fold

CHUNK_WORDS = 3000
_MOST_NAMES = 60


@dataclass(frozen=True, slots=True)
class Chunk:
    """Neighbouring paragraphs, and the names that earlier ones introduced."""

    paragraphs: tuple[Paragraph, ...]
    names: tuple[str, ...]

    @property
    def start(self) -> int:
        """Offset of the first character."""
        return self.paragraphs[0].span.start

    @property
    def end(self) -> int:
        """Offset behind the last character."""
        return self.paragraphs[-1].span.end


def chunks(candidates: Candidates, *, limit: int) -> tuple[Chunk, ...]:
    """The article in chunks of about `limit` words; a quotation over several paragraphs is not cut. A paragraph longer than
    the limit is a chunk of its own.
    """
    groups: list[list[Paragraph]] = [[]]
    size = 0
    bridges = [(r.outer.start, r.outer.end) for r in candidates.regions if "\n" in r.outer.text]
    for paragraph in candidates.paragraphs:
        words = paragraph.span.text.count(" ") + 1
        inside = any(start < paragraph.span.start < end for start, end in bridges)
        if groups[-1] and size + words > limit and not inside:
            groups.append([])
            size = 0
        groups[-1].append(paragraph)
        size += words
    return tuple(Chunk(tuple(group), _names_before(candidates, group[0].span.start)) for group in groups if group)


def _names_before(candidates: Candidates, offset: int) -> tuple[str, ...]:
    seen = {m.entity for m in candidates.mentions if m.span.start < offset}
    named = (MentionKind.PERSON, MentionKind.ORGANIZATION)
    return tuple(e.name for e in candidates.entities if e.id in seen and e.kind in named)[:_MOST_NAMES]


def merge(drafts: list[Draft], candidates: Candidates) -> Draft:
    """One draft of the drafts of all chunks: quotations side by side, the same event once."""
    exchanges: list[DraftExchange] = []
    for draft in drafts:
        moved: dict[int, int] = {}
        for index, exchange in enumerate(draft.exchanges):
            twin = next((i for i, known in enumerate(exchanges) if _same(known, exchange, candidates)), None)
            if twin is None:
                moved[index] = len(exchanges)
                exchanges.append(exchange)
            else:
                moved[index] = twin
                exchanges[twin] = _merged(exchanges[twin], exchange)
        for index, place in moved.items():
            part_of = draft.exchanges[index].part_of
            if part_of is not None and part_of in moved and exchanges[place].part_of in (None, part_of):
                whole = moved[part_of]
                exchanges[place] = replace(exchanges[place], part_of=whole if whole != place else None)
    return Draft(quotes=tuple(q for draft in drafts for q in draft.quotes), exchanges=tuple(exchanges))


def _same(one: DraftExchange, other: DraftExchange, candidates: Candidates) -> bool:
    """Whether two entries tell of one event: kind, directions, and no date, status or total against it."""
    if one.kind is not other.kind or one.status is not other.status:
        return False
    first, second = (_ways(exchange, candidates) for exchange in (one, other))
    if not first or not second or set(first) != set(second):
        return False
    if (
        one.date_start
        and other.date_start
        and candidates.by_id.get(one.date_start) != candidates.by_id.get(other.date_start)
    ):
        return False
    return all(first[way] is None or second[way] is None or first[way] == second[way] for way in first)


def _ways(exchange: DraftExchange, candidates: Candidates) -> dict[tuple[str, str], int | None]:
    ways: dict[tuple[str, str], int | None] = {}
    for transfer in exchange.transfers:
        key = fold(party_name(transfer.released_by, candidates)), fold(party_name(transfer.returned_to, candidates))
        stated = [
            q for c in transfer.counts if c.category == "total" and (q := quantity(c, transfer, candidates)) is not None
        ]
        ways[key] = stated[0].value if stated else None
    return ways


def _merged(known: DraftExchange, more: DraftExchange) -> DraftExchange:
    transfers: list[DraftTransfer] = []
    for one, other in zip(known.transfers, more.transfers, strict=False):
        have = {count.category for count in one.counts}
        counts = (*one.counts, *(count for count in other.counts if count.category not in have))
        transfers.append(replace(one, counts=counts, people=tuple(dict.fromkeys((*one.people, *other.people)))))
    return replace(
        known,
        evidence=tuple(dict.fromkeys((*known.evidence, *more.evidence))),
        date_start=known.date_start or more.date_start,
        date_end=known.date_end or more.date_end,
        places=known.places or more.places,
        transfers=tuple(transfers),
        third_parties=tuple(dict.fromkeys((*known.third_parties, *more.third_parties))),
    )
