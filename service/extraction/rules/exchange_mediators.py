"""Who helped an exchange come about: mediators, hosts and carriers that its clauses name."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Sequence

from service.domain.candidate import Candidates, Mention, MentionKind, Party
from service.domain.draft import DraftThirdParty, ThirdPartyRole
from service.extraction.rules.exchange_cue import Cue

_BY = (
    r"(?:broker(?:ed|ing)|mediat(?:ed|ion|ing)|negotiat(?:ed|ions?)|facilitat(?:ed|ion)|arranged|intermediat\w+"
    r"|made possible|good offices|overseen)"
    r"(?: (?:\w+ly|in part|jointly|overseen|led|provided|together|efforts|efforts made))* (?:by|of|from"
    r"|with (?:the )?help (?:of"
    r"|from)|with)"
)

_PASSIVE_BROKER = re.compile(rf"\b{_BY}\b", re.IGNORECASE)

_THANKS = re.compile(
    r"\b(?:mediation|mediators?|brokers?|intermediar(?:y|ies)|go-betweens?|third[- ]party"
    r"|facilitat(?:ors?|ion)|humanitarian mediation)\b(?: (?:by|of|from|including|in|such as))?",
    re.IGNORECASE,
)

_ACTIVE_BROKER = re.compile(
    r"^(?:[^.;,]{0,60}?|, (?=which |who |that ))\b(?:(?:has|have|had|which|who|also|and|helped"
    r"|that)\s+)*(?:to\s+)?(?<!been )(?<!be )(?<!was )(?<!were )"
    r"(?<!being )(?:broker(?:ed|s|ing)?(?! by\b)|mediat(?:ed|es|ing)(?! by\b)|help(?:ed|s)? (?:to )?(?:mediate|broker"
    r"|negotiate|arrange|bring about)|act(?:ed|s"
    r"|ing) as (?:an? )?(?:mediator|intermediar(?:y|ies)|go-between|broker|mediators)|facilitat(?:ed|es"
    r"|ing)|led (?:the )?mediation|played a (?:key |major |crucial )?role in (?:mediating|brokering))\b",
    re.IGNORECASE,
)

_HYPHEN_BROKER = re.compile(r"-(?:broker|mediat|negotiat|facilitat|sponsor)(?:ed|ion)\b", re.IGNORECASE)

_ADJECTIVE_BROKER = re.compile(
    r"(?:'s?)?(?: and [A-Z]\w+)? (?:mediation|mediators?|brokers?|intermediar(?:y|ies)|efforts to mediate)\b"
)

_CARRIER = re.compile(r"\b(?:Red Cross|ICRC|Red Crescent)\b")

_OFFICE = re.compile(
    r" (?:President|Prime Minister|Foreign Minister|Emir|King|Crown Prince|officials|diplomats|negotiators|intelligence)\b"
)

_MEDIATION = Cue(r"\b(?:mediat|broker|intermediar)")


def third_parties_of(spans: list[tuple[int, int]], candidates: Candidates, sides: set[str]) -> tuple[DraftThirdParty, ...]:
    """Mediators, hosts and carriers that the clauses name."""
    text = candidates.text
    found: dict[str, DraftThirdParty] = {}
    parties = sorted(candidates.parties, key=lambda party: party.span.start)
    party_starts = [party.span.start for party in parties]
    mentions = sorted(candidates.mentions, key=lambda mention: mention.span.start)
    mention_starts = [mention.span.start for mention in mentions]
    for start, end in spans:
        inside = parties[bisect_left(party_starts, start) : bisect_left(party_starts, end)]
        clause = text[start:end]
        for party in inside:
            if party.name in sides or party.name in found:
                continue
            role = _third_role(party, inside, clause, start)
            if role is not None:
                found[party.name] = DraftThirdParty(party=party.id, role=role)
        for mention in mentions[bisect_left(mention_starts, start) : bisect_left(mention_starts, end)]:
            if _is_named_broker(mention, inside, clause, start):
                found.setdefault(
                    mention.entity or mention.id, DraftThirdParty(party=mention.id, role=ThirdPartyRole.MEDIATOR)
                )
    return tuple(found.values())


_BROKERED = re.compile(
    r"(?:,? (?:who|which|that))? (?:(?:has|have|had|also|personally|helped) )*(?:to )?(?:mediated?"
    r"|brokered?)\b(?! (?:by|said))|, (?:the|who was"
    r" the|acting as) (?:go-between|mediator|intermediary)\b"
)

_NOBODY = re.compile(
    r"(?:no|neither|nobody|none)\b|(?:(?:the|a|an|whose|its|their|his|her|several|both|two"
    r"|three) )?(?:\w+ )?(?:governments?|countr(?:y|ies)|officials?"
    r"|mediators?|negotiators?|sides?|part(?:y|ies)|ministers?|leaders?|sources?|diplomats?)$",
    re.IGNORECASE,
)


def _is_named_broker(mention: Mention, inside: list[Party], clause: str, start: int) -> bool:
    """Whether a person or body that is no listed party is said to have mediated ("brokered by tribal elders")."""
    if (
        mention.kind is MentionKind.PRONOUN
        or _NOBODY.match(mention.span.text)
        or any(p.span.start < mention.span.end and mention.span.start < p.span.end for p in inside)
    ):
        return False
    before, after = clause[: mention.span.start - start], clause[mention.span.end - start :]
    if _BROKERED.match(after) or re.search(
        r"\b(?:go-between|mediator|intermediary) (?:was|is) (?:\w+\. |\w+ )?$", before[-40:]
    ):
        return True
    match = _final(_PASSIVE_BROKER, before)
    between = before[match.end() :] if match else ""
    nobody = not any(match and match.end() <= p.span.start - start < len(before) for p in inside)
    return (
        match is not None
        and "overseen" not in match[0].lower()
        and len(between) <= 30
        and nobody
        and not _ELSEWHERE.search(between)
    )


_ELSEWHERE = re.compile(r"[.;,]|\b(?:where|which|who|that|when|while|after|before|for|in|between)\b")
"""Between "brokered by" and a name: the name is no longer who brokered."""


def _third_role(party: Party, inside: list[Party], clause: str, start: int) -> ThirdPartyRole | None:
    before = clause[: party.span.start - start]
    if re.search(r"\b(?:for|to|in|against|from|into) (?:the )?$", before[-16:]) and not re.search(
        r"(?:(?:help|mediation|efforts) from|thanks to|owing to|due to) (?:the )?$", before[-24:]
    ):
        return None
    after = clause[party.span.end - start :].replace("’", "'")
    wished = re.search(
        r"\b(?:might|could|offered to|would|should|asked|urged|may|ready to|willing to)\b[^.;]{0,40}$", before[-60:] + " "
    ) or re.match(r"[^.;,]{0,25}\b(?:might|could|offered|would|should|may|ready|willing)\b", after)
    if _CARRIER.search(party.span.text):
        return ThirdPartyRole.CARRIER
    listed = _chain(party, inside, clause, start)
    lead = clause[: listed - start]
    match = _final(_PASSIVE_BROKER, lead)
    if match and len(lead) - match.end() <= 45 and not _ELSEWHERE.search(lead[match.end() :]):
        return ThirdPartyRole.MEDIATOR
    match = _final(_THANKS, lead)
    if match and len(lead) - match.end() <= 12 and not re.search(r"\b(?:with|between|for|in)\b", lead[match.end() :]):
        return ThirdPartyRole.MEDIATOR
    if _HYPHEN_BROKER.match(after) or _ADJECTIVE_BROKER.match(after):
        return None if wished else ThirdPartyRole.MEDIATOR
    if (
        (party.form != "adjective" or _OFFICE.match(after))
        and _ACTIVE_BROKER.match(_skip_chain(party, inside, clause, start))
        and not wished
    ):
        return ThirdPartyRole.MEDIATOR
    if re.search(r"\bhosted by (?:the )?$", before):
        return ThirdPartyRole.HOST
    return None


def _final(pattern: re.Pattern[str], words: str) -> re.Match[str] | None:
    found = None
    for match in pattern.finditer(words):
        found = match
    return found


def _chain(party: Party, inside: list[Party], clause: str, start: int) -> int:
    """Where the list of parties that this one stands in begins ("Qatar, Egypt and the United States")."""
    begin, last = party.span.start, None
    for other in reversed([p for p in inside if p.span.end <= party.span.start]):
        link = clause[other.span.end - start : begin - start]
        if not re.fullmatch(r"(?:,? and|,|,? as well as|,? along with)\s*(?:the\s+)?", link):
            break
        bare = link.strip(" ") in {",", ", the"}
        if last is not None and not bare and last:
            return party.span.start  # "by Qatar and Egypt, Hamas ...": the list was over before this name
        begin, last = other.span.start, bare
    return begin


def _skip_chain(party: Party, inside: list[Party], clause: str, start: int) -> str:
    end = party.span.end
    for other in [p for p in inside if p.span.start >= party.span.end]:
        if re.fullmatch(
            r"(?:,? and|,|,? as well as|,? along with)\s*(?:the\s+)?", clause[end - start : other.span.start - start]
        ):
            end = other.span.end
        else:
            break
    return clause[end - start :]


def mediations(
    spans: list[tuple[int, int]], candidates: Candidates, *, near: bool, others: Sequence[tuple[int, int]] = ()
) -> list[tuple[int, int]]:
    """The spans, and every sentence that speaks of mediation; only those next to one of the spans where `near`.

    `others` are spans of other events: sentences that hold one tell of that event's mediators.
    """
    if near:
        told = {i for i, s in enumerate(candidates.sentences) if any(s.span.start <= a < s.span.end for a, _ in spans)}
        sentences = [s for i, s in enumerate(candidates.sentences) if told & {i - 1, i + 1}]
    else:
        sentences = list(candidates.sentences)
    extra = [(s.span.start, s.span.end) for s in sentences if _MEDIATION.search(s.span.text)]
    extra = [(low, high) for low, high in extra if not any(low <= a < high for a, _ in others)]
    return spans + [span for span in extra if span not in spans]
