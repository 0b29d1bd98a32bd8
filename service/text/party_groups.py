"""Armed groups named by pattern: who backs them, the form of a movement's name; "the rebels", "the Front", "the government"."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from service.text.party_lexicon import HEAD, Hit, lexicon, longest

_GROUP_NOUNS = (
    r"separatists|rebels|insurgents|guerrillas|guerillas|militants|militiamen|militias?|gunmen|fighters|forces"
    r"|paramilitaries|jihadists|Islamists|secessionists|loyalists|mercenaries|pirates|kidnappers|captors|hijackers"
    r"|extremists|tribesmen|bandits"
)
_SPONSORED = re.compile(
    r"(?<!\w)(?:(?P<pro>[Pp]ro)-(?P<whom>[A-Z]\w+(?: [A-Z]\w+)?)|(?P<backer>[A-Z]\w+(?: [A-Z]\w+)?)-"
    r"(?:backed|aligned|supported|allied|sponsored|led))"
    rf" (?:(?:armed|ethnic|Shia|Shiite|Sunni|Islamist|local) )?(?P<noun>separatists?|rebels?|insurgents?|insurgency"
    rf"|{_GROUP_NOUNS})"
    r"(?!\w)"
)
_BARE = re.compile(
    r"\b(?<!-)(?:(?P<noun>separatists|rebels|insurgents|guerrillas|guerillas|militants|militiamen|gunmen"
    r"|paramilitaries|jihadists"
    r"|islamists|secessionists|kidnappers|captors|hijackers|pirates|hostage-takers|extremists"
    r"|(?<=the )(?!(?:armed|local|rival|largest|same|new|other|whole|entire|former|powerful|feared)\b)[a-z]+ militia)"
    r"|(?P<kind>rebel|separatist|guerrilla|insurgent|militant|militia|islamist|jihadist|paramilitary)"
    r"(?= (?:group|movement|army|forces|fighters|side|leadership|officials|authorities|organi[sz]ation|faction|leaders?"
    r"|commanders?"
    r"|spokesm[ae]n|spokeswoman|chief|administration|government)))\b",
)
_BODY = re.compile(
    r"(?<=\b[Tt]he )(?:(?P<whose>[A-Z][a-z]+)|[Ii]slamist|armed|guerrilla|[Ss]hia|[Ss]hi'?ite|[Ss]unni|extremist"
    r"|leftist|Marxist"
    r"|[Ii]slamic|resistance)?(?(whose) | ?)\b(?:movement|faction|group(?= (?:said|says|has|had|also|freed|released|handed"
    r"|turned|gave|let|agreed|announced|wants|holds|is holding|denied)\b))(?! (?:of|for|led)\b|[-\w])"
)
_STEMS = (
    "separatist", "rebel", "insurgent", "guer", "militant", "militia", "gunmen", "jihad", "islamist", "secession",
    "kidnappers", "captors", "hijackers", "pirates", "hostage-takers", "extremists", "paramilitar",
)  # fmt: skip
_OF_STATE = re.compile(
    r"(?:[Tt]he|[Hh]is|[Hh]er) (?P<of>[Gg]overnment|administration|authorities|[Aa]rmy|military|regime|[Jj]unta"
    r"|interim government)"
    r"(?! (?:of|in)\b| [A-Z])(?![\w-])"
    r"|(?:-backed|-led|recogni[sz]ed|-allied) (?P<backed>[Gg]overnment)(?!\w)"
    r"|(?P<forces>[Gg]overnment (?:forces|troops|officials|side))(?!\w)"
)
_SINGULAR = {
    "rebel": "rebels", "separatist": "separatists", "guerrilla": "guerrillas", "insurgent": "insurgents", "militant": "militants",
    "militia": "militia", "islamist": "Islamists", "jihadist": "jihadists", "paramilitary": "paramilitaries",
    "insurgency": "insurgents", "guerillas": "guerrillas", "militiamen": "militia", "gunmen": "gunmen",
}  # fmt: skip
_BANDS = frozenset(["hijackers", "kidnappers", "captors", "pirates", "hostage-takers", "gunmen", "bandits"])
"""Names for whoever did it; they stand for no group named elsewhere in the article."""
_MOVEMENT = re.compile(
    r"(?<![\w-])(?:[A-Z][\w'-]+ ){1,5}?(?:(?:Liberation|Resistance|Salvation|Popular|Patriotic|Freedom|Revolutionary|United"
    r"|Democratic|National|Unity|Independence|People's) (?:Front|Army|Movement|Forces?|Council|Republic|Brigades?|Party)"
    r"|People's Defen[cs]e Forces?|Defen[cs]e Forces|Front|Militia|Brigades?|Guerrillas|Resistance|Movement|Insurgency"
    r"|Rebel Army|Self-Defen[cs]e Forces)"
    r"(?: of [A-Z]\w+)?(?!\w)"
    r"|(?:style|call|styl|nam)(?:s|d|ed|ing)? (?:itself|themselves) (?:the )?['\"“‘]?"
    r"(?P<own>[A-Z][\w'-]*(?: (?:of |the |and |for )*"
    r"[A-Z][\w-]*){1,4})"
)
_MOVEMENT_STEMS = (
    "Front", "Army", "Movement", "Force", "Council", "Republic", "Brigade", "Party", "Militia", "Guerrillas", "Resistance",
    "Insurgency", "itself", "themselves",
)  # fmt: skip
_NO_MOVEMENT = re.compile(
    r"\d|(?:Home|Western|Eastern|Southern|Northern|Third|Second|First|Fourth|Fifth|Lake|Popular|National|Fire|Red|Salvation"
    r"|Resistance) \w+$|(?:Civil Rights|Labou?r|Green|Women|Non-Aligned|French Resistance|Tea Party|Pro-|Anti-"
    r"|National Guard)"
)
_SHORT = re.compile(
    r"(?<=\b[Tt]he )(?P<noun>Front|Movement|Militia|Brigades?|Union|Council|Resistance|Army|Republic)(?! [A-Z]"
    r"| of\b)(?![\w-])"
)


def sponsored(folded: str) -> Iterator[Hit]:
    """Groups named by whom they are for ("pro-Moscow rebels") or who is behind them ("Iran-backed militia")."""
    if not any(stem in folded for stem in ("ro-", "-backed", "-aligned", "-supported", "-allied", "-sponsored", "-led")):
        return
    for match in _SPONSORED.finditer(folded):
        whom = match["whom"] or match["backer"]
        entry = next((e for e in lexicon().parties.get(whom.split()[0], ()) if e.phrase == whom), None)
        noun = _SINGULAR.get(match["noun"].lower(), match["noun"])
        noun = noun if noun.endswith("s") or noun == "militia" else _SINGULAR.get(noun.lower(), noun + "s")
        if noun == "forces" and not match["pro"]:
            continue
        if entry is not None and entry.form == "group" and not match["pro"]:
            yield Hit(match.start(), match.end(), entry.name, "group")  # "Hamas-led militants" are Hamas and its allies
            continue
        adjective = lexicon().adjectives.get(entry.name, whom) if entry else whom
        if not match["pro"] and (entry is None or entry.name != "Russia"):
            tail = re.match(r" \(?([A-Z]\w+)", folded[match.end() : match.end() + 30])
            if tail:
                continue
            yield Hit(match.start(), match.end(), folded[match.start() : match.end()], "group")
        else:
            yield Hit(match.start(), match.end(), f"pro-{adjective} {noun}", "group")


def movements(folded: str) -> Iterator[Hit]:
    """Movements that no lexicon knows, by the form of their name ("the X Liberation Front") or what they call themselves."""
    if not any(stem in folded for stem in _MOVEMENT_STEMS):
        return
    for match in _MOVEMENT.finditer(folded):
        if match["own"]:
            name, start = match["own"], match.start("own")
            at = folded.find(name)
            while at >= 0:
                yield Hit(at, at + len(name), name, "group")
                at = folded.find(name, at + len(name))
            continue
        start = match.start() + (4 if match[0].startswith("The ") else 0)
        if " " not in folded[start : match.end()]:
            continue
        if _NO_MOVEMENT.match(folded[start : match.end()]):
            continue
        head = HEAD.match(folded, start)
        known = longest(folded, start, lexicon().parties.get(head[0], ())) if head else None
        if known is None or len(known.phrase) < match.end() - start:
            yield Hit(start, match.end(), folded[start : match.end()], "group")


def short_forms(folded: str, hits: list[Hit]) -> Iterator[Hit]:
    """Short forms, "the Front", "the Union", for the one named in full before."""
    for match in _SHORT.finditer(folded):
        full = next((h.name for h in reversed(hits) if h.start < match.start() and match["noun"] in h.name.split()), None)
        if full is not None:
            yield Hit(match.start(), match.end(), full, "group")


def bodies(folded: str, hits: list[Hit]) -> Iterator[Hit]:
    """Bodies named by what they are ("the Lebanese movement"): the armed group of that home, or the only one in the text."""
    armed = {hit.name for hit in hits if hit.form == "group"} - lexicon().states - lexicon().organisations - {"Palestinians"}
    if not armed:
        return
    by_start = {hit.start: hit.name for hit in hits if hit.form == "adjective" or hit.name == "Palestinians"}
    for match in _BODY.finditer(folded):
        home = by_start.get(match.start()) if match["whose"] else None
        if match["whose"] and home is None:
            continue
        meant = {name for name in armed if home is None or lexicon().homes.get(name) == home}
        if len(meant) == 1:
            yield Hit(match.start(), match.end(), meant.pop(), "group")


def with_bare_groups(folded: str, hits: list[Hit]) -> list[Hit]:
    """Adds "the rebels" and "Chechen rebels": the named group they stand for, else their own words."""
    covered = {offset for hit in hits if hit.form != "adjective" for offset in range(hit.start, hit.end)}
    groups = [hit for hit in hits if hit.form == "group"]
    by_end = {hit.end: hit for hit in hits if hit.form in {"adjective", "group"}}
    lower = folded.lower() if len(folded.lower()) == len(folded) else folded
    if not any(stem in lower for stem in _STEMS):
        return _with_bare_governments(folded, hits)
    added: list[Hit] = []
    dropped: set[int] = set()
    own: dict[str, str] = {}
    for match in _BARE.finditer(lower):
        if match.start() in covered:
            continue
        kind = match["noun"] or match["kind"]
        noun = _SINGULAR.get(kind, folded[match.start() : match.end()] if match["noun"] else kind)
        noun = _SINGULAR.get(noun.lower(), noun)
        before = by_end.get(match.start() - 1)
        if before and before.form == "adjective":
            named = _of_home(groups, before.name)
            plain = f"{folded[before.start : before.end]} {noun}"
            own.setdefault(noun, plain)
            added.append(Hit(before.start, match.end(), named or plain, "group"))
            dropped.add(before.start)
        elif before is None or before.form != "group":
            added.append(
                Hit(match.start(), match.end(), _standing_for(groups, noun, match.start()) or own.get(noun, noun), "group")
            )
    hits = sorted([h for h in hits if h.start not in dropped] + added, key=lambda hit: hit.start)
    return _with_bare_governments(folded, hits)


def _with_bare_governments(folded: str, hits: list[Hit]) -> list[Hit]:
    """Adds "the government", "the army": of the state whose rebels the text names, else of the one named most before."""
    states = lexicon().states | ({hit.name for hit in hits if hit.form != "group"} - lexicon().organisations)
    organs = {hit.name for hit in hits if hit.form == "organ"} & states
    homes = {
        home
        for hit in hits
        if hit.form == "group" and (home := lexicon().homes.get(hit.name) or _adjective_of(hit.name)) in states
    }
    covered = {offset for hit in hits for offset in range(hit.start, hit.end)}
    named = iter([hit for hit in hits if hit.name in states])
    upcoming = next(named, None)
    times: Counter[str] = Counter()
    own = often = None
    added: list[Hit] = []
    for match in _OF_STATE.finditer(folded):
        start, end = match.span(match.lastgroup or 0)
        while upcoming is not None and upcoming.end <= start:
            times[upcoming.name] += 1
            often = upcoming.name if often is None or times[upcoming.name] > times[often] else often
            if upcoming.name in homes or (upcoming.name in organs and not homes):
                own = upcoming.name
            upcoming = next(named, None)
        name = own or (next(iter(homes)) if len(homes) == 1 else often)
        if name and start not in covered:
            added.append(Hit(start, end, name, "organ"))
    return sorted(hits + added, key=lambda hit: hit.start) if added else hits


def _adjective_of(name: str) -> str | None:
    """The state whose adjective a group's name begins with ("Syrian rebels")."""
    entry = next(
        (e for e in lexicon().parties.get(name.split()[0], ()) if e.phrase == name.split()[0] and e.form == "adjective"),
        None,
    )
    return entry.name if entry else None


def _of_home(groups: list[Hit], home: str) -> str | None:
    found = {hit.name for hit in groups if lexicon().homes.get(hit.name) == home and hit.name != home}
    return found.pop() if len(found) == 1 else None


def _standing_for(groups: list[Hit], noun: str, at: int) -> str | None:
    """The named group that a bare "rebels" means: one of that type named before, else the only armed group there is."""
    types = lexicon().types
    named = [hit for hit in groups if (types.get(hit.name) or hit.name.rsplit(" ", 1)[-1]) == noun]
    before = [hit for hit in named if hit.start < at]
    if before or named:
        return (before[-1] if before else named[0]).name
    states = lexicon().states
    armed = {hit.name for hit in groups if hit.name not in states and not (noun in _BANDS and hit.name in lexicon().aliases)}
    return armed.pop() if len(armed) == 1 else None
