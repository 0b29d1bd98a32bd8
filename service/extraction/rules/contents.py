"""Whole reported contents, as PARC and PolNeAR annotate them: all that a cue gives to its source, clause or not, marks or none.

They stand beside the quotations, which are narrower: an infinitive after "vowed", a noun phrase after "denied" are contents and no
quotations; "was “full to the brim”" is the content around a quoted fragment.
"""

from __future__ import annotations

from service.domain.candidate import Candidates
from service.domain.draft import DraftContent
from service.extraction.rules.indirect import Drafting, Known, reported_contents

LEAST = 0.4  # what is less sure is left out: where F1 on PolNeAR dev is flat and GUM's still rises


def draft_contents(candidates: Candidates, known: Known | None = None) -> tuple[Candidates, tuple[DraftContent, ...]]:
    """The contents outside quotation marks in the order of their cues, and the candidates with their clauses and mentions added.

    `known`: see `indirect.cue_places`.
    """
    drafting = Drafting(candidates)
    drafts: list[DraftContent] = []
    for content in reported_contents(candidates, known=known):
        place, probability = content.found.place, content.found.probability
        if probability < LEAST:
            continue
        speaker = drafting.speaker(place, content.subject).id if content.subject is not None else None
        target, cue = drafting.clause(content.start, content.end), drafting.clause(place.cue.start, place.cue.end)
        drafts.append(DraftContent(target=target, speaker=speaker, cue=cue, score=probability))
    grown = candidates.with_more(mentions=tuple(drafting.added.values()), clauses=tuple(drafting.clauses))
    return grown, tuple(drafts)
