"""Reported speech outside quotation marks: from cues to clauses with exact bounds and their speakers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from service.domain.candidate import Candidates, QuotedRegion, Sentence
from service.extraction.rules.indirect_model import Place
from service.extraction.rules.indirect_tokens import tokenize
from service.text.cues import Cue, find_cues

_SPEECH_GROUPS = frozenset(("report", "directive", "label"))


def cue_places(text: str, sentences: Sequence[Sentence], regions: Sequence[QuotedRegion]) -> Iterator[Place]:
    """Every cue of speech outside quotation marks, in its sentence."""
    outer = [(region.outer.start, region.outer.end) for region in regions if region.parent is None]
    first_region = 0
    for sentence in sentences:
        start, end = sentence.span.start, sentence.span.end
        cues = [cue for cue in find_cues(text, start=start, end=end) if cue.group in _SPEECH_GROUPS]
        if not cues:
            continue
        while first_region < len(outer) and outer[first_region][1] <= start:
            first_region += 1
        tokens = tokenize(text, start, end, outer[first_region:first_region + 40])
        for cue in cues:
            first, last = tokens.at(cue.start), tokens.at(cue.end) - 1
            if first < len(tokens) and not tokens.quoted[first]:
                yield Place(tokens, cue, first, last)
