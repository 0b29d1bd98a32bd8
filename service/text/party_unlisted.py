"""States and bodies that no lexicon knows, recognised by what the text itself says of a name.

A name is one if its ministries, army, soldiers or citizens are spoken of ("Lothmark's army", "the government of Lothmark",
"Lothmarkan prisoners"), or if it exchanges captives with another. Persons' names are none, whoever's ministers they have.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator

from service.text.party_lexicon import Hit, lexicon

_WORD = r"[A-ZÀ-ÞŠŽČ][a-zà-ÿšžč][\w-]{0,40}"  # bounded: a run of hyphened names is read once, not from each of them
_RUN = rf"{_WORD}(?: {_WORD}){{0,2}}"
_MINISTRY = (
    r"(?:(?:deputy|acting|former|new) )?(?:[Ii]nterior|[Ff]oreign|[Dd]efen[cs]e|[Jj]ustice|[Ii]nformation|[Hh]ome|[Ww]ar) "
    r"[Mm]inist(?:ry|ers?)"
)
_FORCES = (
    r"(?:[Aa]rmy|[Aa]rmed [Ff]orces|[Mm]ilitary|[Nn]avy|[Aa]ir [Ff]orce|troops|soldiers|sailors|airmen|generals"
    r"|general staff"
    r"|high command|gunboats?|border guards?|coast ?guard)"
)
_ORGANS = (
    r"(?:[Gg]overnment|[Pp]arliament|[Jj]unta|[Ee]mbassy|[Aa]mbassador|[Pp]resident|[Pp]rime [Mm]inister|authorities|side"
    r"|leadership|(?:\w+ )?minister|officers?|prisoners|captives|detainees|citizens|civilians|fighters|nationals|prisons"
    r"|jails|negotiators?|captain|delegation|lawmakers|officials)"
)
_NAMED = re.compile(rf"(?P<name>{_RUN})(?P<of>'s?)? (?P<next>[\w-]+)")
_POSSESSION = re.compile(rf"(?:(?P<strong>{_MINISTRY}|(?:\d+(?:st|nd|rd|th) )?{_FORCES})|{_ORGANS})(?![\w-])")
_STRONG = frozenset(["Army", "Navy", "Military", "Foreign", "Interior", "Defence", "Defense"])
_OFFICES = _STRONG | frozenset(
    ["Government", "Parliament", "Embassy", "Ministry", "Justice", "Information", "Prime", "President"]
)
_OF = re.compile(
    r"(?:(?:Republic|Kingdom|Federation|Emirate|Sultanate|Principality|Commonwealth|Duchy|State) of "
    rf"(?P<realm>{_RUN})"
    r"|(?:[Gg]overnment|[Aa]rmy|(?:foreign|interior|defen[cs]e|justice) ministry|[Pp]refecture|[Ee]mbassy|armed forces"
    rf"|authorities) of (?:the )?(?P<body>{_RUN})"
    r"|(?:war-torn|war-ravaged|neighbou?ring) (?:(?:country|state|republic|power|nation)(?: of|,) )?"
    rf"(?P<land>{_RUN}))"
)
_HELD = re.compile(
    rf"(?:(?:held|freed|released|jailed|captured|imprisoned|detained|handed over) by|(?:held|jailed|imprisoned"
    rf"|captive) in) "
    rf"(?:the )?(?P<name>{_RUN})"
)
_PAIR = re.compile(
    rf"(?P<a>{_RUN}) and (?:the (?:[a-z-]+ )?"
    rf"|its (?:[a-z]+ ){{1,3}}[a-z]+, )?(?:Republic of )?(?P<b>{_RUN}),? (?:[\w'-]+ ){{0,4}}?"
    r"(?:hand(?:ed|ing)?|exchang\w+|swap\w*|trad(?:e[ds]?|ing)|freed?|releas\w+|return\w*)\b[^.;\n]{0,60}?"
    r"\b(?:prisoners|captives|soldiers|detainees|hostages|bodies|remains|civilians|servicemen|each|apiece|fighters"
    r"|men|people)\b"
)
_GENERIC = (
    "The A An In On At And But For From To With Of After Before As By It He She They We When While Its Their His Her"
    " No Not "
    "This That These Those Last Next Both Each All Many Some Most Former Prime Foreign Interior Defence Defense Home"
    " Justice "
    "War Deputy Vice National Federal Supreme Royal General State Central Regional Local Army Navy Military Government "
    "Parliament President Minister Ministry Allied European Western Eastern Northern Southern Arab African Asian Christian "
    "Muslim Islamic Catholic Jewish Orthodox Hindu Sikh Protestant Sunni Shia Shiite Democratic Republican Conservative "
    "Labour Liberal Socialist Communist Fascist Nazi Christmas Easter English Roman Pacific Atlantic City County Senate "
    "Congress House Mr Mrs Ms Dr Sir Lord Lady Gen Col Maj Lt Sgt Capt President King Queen Prince Other Several Two Three "
    "Monday Tuesday Wednesday Thursday Friday Saturday Sunday January February March April May June July August September "
    "October November December Red White Black Green Blue Golden God Our My Your Under Today Now Then Yesterday If "
    "Alabama Alaska Arizona Arkansas California Colorado Connecticut Delaware Florida Hawaii Idaho Illinois Indiana Iowa "
    "Kansas Kentucky Louisiana Maine Maryland Massachusetts Michigan Minnesota Mississippi Missouri Montana Nebraska"
    " Nevada "
    "Ohio Oklahoma Oregon Pennsylvania Tennessee Texas Utah Vermont Virginia Wisconsin Wyoming Ontario Quebec Queensland "
    "Scotland Wales Senior Top Chief Swiss Latin Foreign"
)
_STOP = frozenset(_GENERIC.split())
_FIRST_NAME = re.compile(r"[A-ZÀ-Þ][\w-]+|[A-Z]\.")
_TITLE = re.compile(
    r"\b(?:Mr|Mrs|Ms|Dr|Sir|Lord|Lady|Gen|Col|Maj|Lt|Sgt|Capt|General|Colonel|Captain|Major|President|Minister"
    r"|Secretary|Judge"
    r"|Senator|Justice|Chancellor|Commander|Professor|Sheikh|Rep|Sen|Gov|Governor|King|Queen|Prince|Pope)\.? $"
)
_ENDINGS = r"(?:ns?|ans?|ians?|ese|is?|ish|ers?)"
_OFFICE = re.compile(
    r"(?:'s?)? (?:(?:[a-z]+|Foreign|Interior|Defen[cs]e|Information|Armed|General) ){0,2}?"
    r"(?:[Gg]overnment|[Aa]rmy|[Mm]ilitary|[Nn]avy|[Ff]orces|troops|authorities|side|leadership|embassy|parliament|junta"
    r"|general staff|high command|[Mm]inistry"
    r"(?: of [A-Z][a-z]+)?)(?![\w-])"
)


_CAPTIVITY = (
    "prison",
    "captiv",
    "captur",
    "hostage",
    "detain",
    "exchang",
    "swap",
    "releas",
    "freed",
    "handed",
    "bodies",
    "remains",
)


def unlisted(folded: str) -> Iterator[Hit]:
    """Every mention of a state that no lexicon knows: by its name, its people's, its organs'. Names come from the text only.

    Texts without a word of captivity or release name none: nobody is held or received there.
    """
    if not any(stem in folded for stem in _CAPTIVITY):
        return
    names = _names(folded)
    for name in sorted(names, key=lambda n: (-len(n), n)):
        for match in _forms(name).finditer(folded):
            form = "name" if match["name"] else "adjective"
            office = _OFFICE.match(folded, match.end())
            if office is not None:
                yield Hit(match.start(), office.end(), name, "organ")
            elif form == "adjective" or not re.match(rf" {_WORD}", folded[match.end() : match.end() + 3]):
                yield Hit(match.start(), match.end(), name, form)


def _forms(name: str) -> re.Pattern[str]:
    """A state's name and its adjectives ("Velden Union": both; "Tremnia": Tremnian, Tremnians)."""
    stem = name.rstrip("aeiouy") if len(name.rstrip("aeiouy")) >= 3 else name
    return re.compile(rf"(?<![\w-])(?:(?P<name>{re.escape(name)})|{re.escape(stem)}[aeiou]{{0,2}}{_ENDINGS})(?!\w)")


def _names(folded: str) -> frozenset[str]:
    """The names that stand for a state here: two points of evidence, and no sign of a person."""
    points: Counter[str] = Counter()
    demonyms: Counter[str] = Counter()
    for name, possessive, worth in _owners(folded):
        (points if possessive or name[-1] not in "neish" else demonyms)[_trim(name)] += worth
    for match in _OF.finditer(folded):
        points[_trim(match[match.lastgroup or 0])] += 1 if match.lastgroup == "land" else 2
    if any(verb in folded for verb in ("exchang", "swap", "trad", "releas", "free", "hand", "return", "held", "captive")):
        for match in _PAIR.finditer(folded):
            points[_trim(match["a"])] += 2
            points[_trim(match["b"])] += 2
        for match in _HELD.finditer(folded):
            points[_trim(match["name"])] += 1
    if not points and not demonyms:
        return frozenset()
    points.pop("", None)
    for demonym, worth in demonyms.items():
        base = _base(demonym, folded)
        if base is not None:
            points[base] += 2
        elif len(re.findall(rf"(?<!\w){re.escape(demonym)}(?! [A-Z])(?!\w)", folded)) > 2:
            points[demonym] += worth
    for name in [name for name, sum_ in points.items() if sum_ == 1 and len(name) > 3]:
        points[name] += any(match["name"] is None for match in _forms(name).finditer(folded))
    return frozenset(name for name, sum_ in points.items() if sum_ >= 2 and _is_state(name, folded))


def _owners(folded: str) -> Iterator[tuple[str, bool, int]]:
    """Names whose organs, forces or people are spoken of, whether with "'s", and what that is worth."""
    for match in _NAMED.finditer(folded):
        words = match["name"].split()
        office = next((at for at, word in enumerate(words) if at and word in _OFFICES), None)
        if office is not None:
            name, worth = " ".join(words[:office]), 2 if words[office] in _STRONG else 1
        else:
            owned = _POSSESSION.match(folded, match.start("next"))
            name, worth = match["name"], 0 if owned is None else 2 if owned["strong"] else 1
        if worth and not folded[max(0, match.start() - 1) : match.start()].isalnum():
            yield name, bool(match["of"]), worth


def _trim(run: str) -> str:
    """A run of capitalised words without what only begins a sentence or a title."""
    words = run.split()
    while words and words[0] in _STOP:
        words.pop(0)
    return " ".join(words) if words and words[-1] not in _STOP else ""


def _base(demonym: str, folded: str) -> str | None:
    """The name in the text that an adjective is made of: "Tremnian" of "Tremnia"."""
    for cut in range(1, 4):
        stem = demonym[:-cut]
        if len(stem) < 3:
            break
        match = re.search(rf"(?<![\w-]){re.escape(stem)}[aeiouy]{{0,2}}(?![\w-])", folded)
        if match is not None and re.fullmatch(rf"[aeiou]?{_ENDINGS}", demonym[len(stem.rstrip("aeiouy")) :]):
            return match[0]
    return None


def _is_state(name: str, folded: str) -> bool:
    if len(name) < 4 or _is_listed(name):
        return False
    at = folded.find(name)
    while at >= 0:
        lead = folded[max(0, at - 24) : at]
        before = lead.rstrip(" ").rpartition(" ")[2].rpartition("\n")[2] if lead.endswith(" ") else ""
        whole = not folded[at + len(name) : at + len(name) + 1].isalnum()
        if _TITLE.search(lead) or (
            whole and _FIRST_NAME.fullmatch(before) and before not in _STOP and not _is_listed(before)
        ):
            return False
        at = folded.find(name, at + len(name))
    return True


def _is_listed(name: str) -> bool:
    first = name.split()[0]
    return any(name.startswith(e.phrase) for e in (*lexicon().parties.get(first, ()), *lexicon().places.get(first, ())))
