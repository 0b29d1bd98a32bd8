"""How far an exchange has come and of which kind it is, from cue words and tense."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping

from service.domain.draft import Category, ExchangeKind, Status
from service.extraction.rules.exchange_chunks import Row
from service.extraction.rules.exchange_cue import Cue
from service.extraction.rules.exchange_people import People
from service.extraction.rules.exchange_words import SWAP_NOUN, SWAP_VERB

_ACT = (
    r"(?:swaps?|exchanges?|trades?|deal|release|hand-?over|repatriation|transfer|return|process|operation|plan|offer"
    r"|proposal|talks|negotiations|mediation"
    r"|prisoners|hostages|captives|agreement|attempts?|bid)"
)
_BROKEN = Cue(
    r"\b(?:call(?:ed|ing)? off|collaps(?:ed|es?)|f[ae]ll(?:en|s)? (?:through|apart)|br(?:oke|oken|eak) (?:down|off)"
    r"|cancel\w*|scrapped|suspend\w*|halt(?:ed|ing)|reject\w*|turn(?:ed|s|ing)? down"
    r"|rul(?:ed|es|ing) out|abort(?:ed)?|abandon(?:ed)?|derail(?:ed)?|thwarted|scuppered|scuttled|postponed|stalled"
    r"|delayed|shelved"
    r"|failed(?! to (?:agree|reach|win|secure|end|make|produce|bring|find|halt|stop|free)\b"
    r"(?! (?:an?|the|any|on|a|final|such)*\s*(?:prisoner|swap|exchange|deal|hostage|agreement|accord|release)))"
    r"|on hold|did not (?:happen|take place)"
    r"|never (?:happened|took place|materiali[sz]ed)|c[ao]me to (?:nothing|grief|naught)|founder(?:ed|s)|axed"
    r"|thr[eo]wn? (?:it |them )?out"
    r"|came unstuck)\b"
)
_ACT_NEAR = re.compile(rf"\b{_ACT}\b", re.IGNORECASE)
_REFUSED = Cue(
    r"\b(?:refus(?:ed|es|ing)|declin(?:ed|es|ing)|unwilling) to (?:release|free|exchange|swap|trade"
    r"|hand over|negotiate)\b|\bno (?:prisoner )?(?:swap|exchange|deal)\b(?! was)"
)
_PROPOSED = Cue(
    r"\b(?:could be|could|might|may|offer(?:ed|s|ing)?|propos(?:ed|es|al|ing)|suggest(?:ed|s|ing|ion)|ready (?:to|for)"
    r"|read(?:y|iness)|willing(?:ness)?|(?:be|are|is) (?:happy|glad|pleased) to|prepared to|call(?:ed|s|ing)? for"
    r"|demand(?:ed|s|ing)?|consider(?:ed|s|ing)?|in talks|talks (?:on|about|over)|negotiat(?!ed (?:the|his|her"
    r"|their) (?:release|freedom|return))\w+|discuss(?:ed|es|ing"
    r"|ions?)?|urg(?:ed|es|ing)|seek(?:s|ing)?|sought|wants?|wanted|hopes?|hoping"
    r"|possib(?:le|ility)|potential|open to|push(?:ed|ing|es)? for|if (?:israel|the|it|they)|rul(?:ed|es) out|debat\w+"
    r"|floated|hint(?:ed|s)?|rumou?rs?|speculation|appeal(?:ed|s|ing)?)\b"
)
_AGREED = Cue(
    r"\b(?:agree(?:d|s|ing)?|agreement|accord|struck|sign(?:ed|s|ing)?|reached|approv(?:ed|es|al)|accept(?:ed|s)"
    r"|commit(?:ted)?|deal (?:to|under which|that (?:will|would)|in which|for)|pact)\b"
)
_PLANNED = Cue(
    r"\b(?:will|shall|(?:is|are|was|were) (?:due|set|expected|scheduled|slated|planned|poised|likely|about|preparing"
    r"|going|to)\b|expected|scheduled|set to|due to|upcoming|imminent|planned|projected|foreseen"
    r"|plan(?:s|ning)? to (?:releas|free|exchang|swap|trad|hand|return|repatriat|let|set|carry)|prepar(?:e|es|ing"
    r"|ations?)|ahead of|awaiting"
    r"|would(?! be (?:happy|glad|pleased|ready|willing|prepared|open)))\b"
)
_ACTS = (
    r"(?:be )?(?:begin |start |also |soon )?(?:releas|free|exchang|swap|trad|hand|return|repatriat|set free"
    r"|let go|take place|go ahead|happen)"
)
_WILL = Cue(
    rf"\b(?:will|is to|are to|due to|set to|expected to|scheduled to|going to|about to"
    rf"|preparing to) {_ACTS}"
)
_AGREED_TO = Cue(
    rf"\b(?:agree[ds]?|agreement|deal|accord|approved|signed)\b.{{0,40}}\b(?:to|on|would) (?:the |a "
    rf"|an )?{_ACTS}"
)
_ONGOING = Cue(
    r"\b(?:under ?way|(?:has|have|had) (?:begun|started)|began|begun|start(?:ed|s)|begins?|is being|are being|were being"
    r"|is taking place|are taking place|continu(?:e|es|ed|ing)|in progress|in the process"
    r"|first (?:phase|stage|batch|group|day)|(?:is|are|was|were) heading home|en route|on (?:his|her|their) way)\b"
)
_DONE = Cue(
    r"\b(?:complet(?:ed|ion|es)|took place|carried out|conduct(?:ed|s)|concluded|has ended|have ended|held a"
    r"|were (?:released|freed|exchanged|swapped|handed over|returned|reunited|flown)|was (?:released|freed|exchanged"
    r"|swapped|handed over"
    r"|returned|traded|part of)|(?:has|have) (?:been )?(?:released|freed|exchanged|swapped|handed over|returned"
    r"|carried out|traded|received)|(?:exchanged|swapped|traded|freed|released|received|repatriated|handed over|returned)"
    r"|(?:return(?:ed)?|c[ao]me|arriv(?:ed|e|es)|went|gone) (?:home|back|free)|changed (?:hands|places)|turned over"
    r"|transferred|let (?:\w+ ){1,4}go|g[ao]ve (?:up|back)|let go|got back|passed off|put ashore|sen[dt] (?:home"
    r"|back)|handed back|handed"
    r"|(?:was|were|been) (?:led|walked|driven|flown|carried|passed|ferried|escorted|put|sent|set free|given|taken"
    r"|brought|let)"
    r"|(?:frees|releases|swaps?|exchanges|hands over"
    r"|swap(?=s? \d))(?= \d| (?!of|for)\w+ (?:prisoners|hostages|soldiers|captives)))\b"
)
_BEGAN_TO = Cue(
    r"\b(?:ha(?:s|ve) begun|ha(?:s|ve) started|began|started|begins|starts"
    r"|(?<!will )(?<!would )(?<!could )(?<!to )(?:begin|start)) (?:(?:exchang|swapp|releas|free|hand|return|repatriat)ing"
    r"|to (?:exchange|swap|release|free|hand over|return)"
    r"|(?:an?|the|their) (?:[\w-]+ ){0,3}(?:exchange|swap|hand-?over|release))\b"
)
_HYPOTHETICAL = Cue(
    r"\b(?:to|could|would|will|might|may|should|be|must|can|agreed|not|yet|if|until|for the|expected|shall|won't"
    r"|were to|hopes?)(?: \w+ly| also| soon| then| all)?(?: be| have)? *$"
)


_NO_DEAL = Cue(r"\bno (?:final |formal |such |new )?(?:agreement|deal|accord|decision)\b")
_DENIED = Cue(r"\b(?:no|not|never|without|denie[ds]|yet to|has not|have not|far from)(?: [\w-]+){0,2} $")
_MOVED = re.compile(r"\b(?:took off|(?:was|were) (?:flown|driven|bused|taken|reunited)|landed|arrived|crossed)\b")
_TOLD_AS_FACT = 1.4
_TOLD_AS_FAILED = 2.4


def status_votes(text: str) -> dict[Status, float]:
    """How strongly the words of one clause speak for each status.

    >>> max(status_votes("The two sides exchanged 50 prisoners on Friday.").items(), key=lambda vote: vote[1])[0]
    <Status.COMPLETED: 'completed'>
    """
    votes: dict[Status, float] = defaultdict(float)
    for match in _DONE.finditer(text):
        if not _is_hypothetical(text, match.start()):
            votes[Status.COMPLETED] += 1.0
    if _WILL.search(text):
        votes[Status.PLANNED] += 0.9
    if _AGREED_TO.search(text):
        votes[Status.AGREED] += 0.7
    if _MOVED.search(text):
        votes[Status.COMPLETED] += 0.3
    if _is_broken(text) or _REFUSED.search(text):
        votes[Status.FAILED] += 1.6
    if (going := _ONGOING.search(text)) is not None and not (going[0].startswith("first") and _PLANNED.search(text)):
        votes[Status.ONGOING] += 1.6 if _BEGAN_TO.search(text) else 0.7
    if planned := [match[0] for match in _PLANNED.finditer(text)]:
        votes[Status.PLANNED] += 0.3 if set(planned) == {"would"} else 0.6
    if not _NO_DEAL.search(text) and any(
        not _DENIED.search(text[max(0, m.start() - 30) : m.start()]) for m in _AGREED.finditer(text)
    ):
        votes[Status.AGREED] += 0.7
    if _PROPOSED.search(text):
        votes[Status.PROPOSED] += 0.6
    if votes[Status.COMPLETED] and votes[Status.PLANNED] and _is_done_first(text):
        votes[Status.PLANNED] *= 0.4
    return {status: vote for status, vote in votes.items() if vote}


def _is_hypothetical(text: str, at: int) -> bool:
    """Whether the verb at `at` is no finite past: behind "will be", "to", or in a clause with "if"."""
    return bool(_HYPOTHETICAL.search(text[max(0, at - 24) : at])) or bool(_IF.search(text[max(0, at - 90) : at]))


_IF = Cue(r"\b(?:if|unless|until|whether)\b(?! they (?:were|had))[^.;,]*$")


def _is_done_first(text: str) -> bool:
    """Whether a clause tells an act and then its sequel ("released 100, the first of 360 that it will free")."""
    done = next((m.start() for m in _DONE.finditer(text) if not _is_hypothetical(text, m.start())), None)
    ahead = [m.start() for cue in (_WILL, _PLANNED) if (m := cue.search(text)) is not None]
    return done is not None and bool(ahead) and done < min(ahead)


def _is_broken(text: str) -> bool:
    return any(_ACT_NEAR.search(text, max(0, match.start() - 60), match.end() + 90) for match in _BROKEN.finditer(text))


def status_of(clauses: list[Mapping[Status, float]], title: str | None) -> Status:
    """The status that the votes of an event's clauses give it; the first ones and the title count most."""
    total: dict[Status, float] = defaultdict(float)
    weights = [3.0, 2.0, 1.5, 1.0, 0.7]
    for place, clause in enumerate(clauses):
        weight = weights[min(place, len(weights) - 1)]
        for status, vote in clause.items():
            total[status] += weight * min(vote, 1.6)
    if title and (
        SWAP_NOUN.search(title)
        or SWAP_VERB.search(title)
        or re.search(r"\b(?:releas|free[sd]?\b|hand)", title, re.IGNORECASE)
    ):
        for status, vote in status_votes(title).items():
            total[status] += 2.0 * min(vote, 1.6)
    if not total:
        return Status.COMPLETED
    if total[Status.FAILED] >= _TOLD_AS_FAILED and total[Status.COMPLETED] < 1:
        # What fell through was planned, and perhaps agreed or begun, before.
        for before in (Status.PLANNED, Status.AGREED, Status.ONGOING):
            total[before] *= 0.4
    elif total[Status.COMPLETED] + total[Status.ONGOING] >= _TOLD_AS_FACT:
        # An act that is told also tells how it was agreed and asked for; that is its history.
        total[Status.AGREED] *= 0.5
        total[Status.PROPOSED] *= 0.5
    elif total[Status.FAILED] >= _TOLD_AS_FAILED:
        # What fell through was planned, and perhaps agreed, before.
        total[Status.PLANNED] *= 0.4
        total[Status.AGREED] *= 0.4
    return max(total, key=lambda status: total[status])


IN_DOUBT = Cue(
    r"\b(?:might|may|could)(?: yet| still)? (?:be|have to be|get) (?:put off|postponed|delayed|cancell?ed|called off"
    r"|suspended"
    r"|scrapped|halted)\b"
)
_STAGED = Cue(
    rf"\b(?:agree[ds]?|agreement|deal|accord|approved|signed)\b.{{0,60}}\bto {_ACTS}.{{0,120}}\b(?:stages?|phases?"
    rf"|batch(?:es)?"
    r"|rounds?|instal?lments|tranches|waves)\b"
)
_BEGAN = Cue(
    r"\b(?:first|opening|initial|second) (?:stage|phase|batch|group|round|tranche|wave)\b[^.;]{0,30}?\b(?:took place"
    r"|was(?! to)"
    r"|were(?! to)|has|have|went|ended|began|done|complete)"
    r"|\b(?:carried out|completed|began|started|conducted) the (?:first|opening|initial) "
)


def staged(words: str) -> Status | None:
    """The status of a clause about a deal that is carried out in stages: agreed, or ongoing once one has taken place.

    >>> staged("They agreed to exchange 80 prisoners in two stages")
    <Status.AGREED: 'agreed'>
    """
    if not _STAGED.search(words):
        return None
    return Status.ONGOING if _BEGAN.search(words) else Status.AGREED


def kind_of(groups: list[People], texts: str, *, both_ways: bool, swap_words: bool) -> ExchangeKind:
    """What was exchanged, from whom the clauses speak of and whether anything goes the other way."""
    groups = [g for g in groups if g.mention is None and g.number is not None] or [g for g in groups if g.mention is None]
    living = [g for g in groups if not g.bodies]
    others = _DEAD_OF.sub("", texts)  # "the remains of two captives"
    if groups and not living and not re.search(r"\b(?:prisoners?|captives?|detainees?|living)\b", others, re.IGNORECASE):
        return ExchangeKind.REMAINS_RETURN
    hostages = any(g.category is Category.HOSTAGES or "hostage" in g.words for g in groups) or bool(
        re.search(r"\b(?:hostages?|kidnapped|abducted)\b", texts, re.IGNORECASE)
    )
    if not both_ways and not swap_words:
        return ExchangeKind.UNILATERAL_RELEASE
    if hostages:
        return ExchangeKind.HOSTAGES_FOR_PRISONERS
    return ExchangeKind.PRISONER_EXCHANGE


_DEAD_OF = re.compile(
    r"\b(?:remains|bod(?:y|ies)|corpses?|coffins?) of (?:(?!for |in |from |to "
    r"|and )[\w-]+ ){0,5}[\w-]+",
    re.IGNORECASE,
)


def is_swap(row: Row, text: str) -> bool:
    """Whether a clause names a swap of people or tells of one."""
    if SWAP_NOUN.search(text):
        return True
    return any(code in row.codes for code in "Ss") and any(code in row.codes for code in "NHI")
