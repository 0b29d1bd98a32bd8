"""The article as tokens with a class letter each, so that phrases are found by regular expressions over letters.

Every quoted region is one token `Q`: what is said does not disturb the syntax of who says it. Letters:

    | sentence start   ¶ paragraph start   Q quoted region
    , ; : . - ( ) ~    punctuation (`.` also ! ? and dots, `-` a dash, `~` any other)
    N name word        i initial "J."      j Jr./III           l particle (al, bin, van)   t Mr., Sen.
    L place            O organisation word A nationality, party R capitalised role
    n person noun      m body noun         d document noun      w other word   e -ed word   y -ing word
    c speech verb      v other verb        x auxiliary, not     r adverb
    D determiner       0 numeral           T time word          s possessive 's
    P preposition      o of                a according          & and, or      k subordinator   b that
    p subject pronoun  u other pronoun     h who, which, whose
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache

from service.domain.candidate import QuotedRegion, Sentence
from service.text.names_lexicon import capital_classes, lower_classes, words

_TOKEN = re.compile(
    r"[a-zA-Z]++(?=[\s,])"  # most words: nothing below would end elsewhere, so it need not be tried
    r"|(?:[^\W\d_]\.){2,}|[^\W\d_]\.(?=\s+[^\W\d_])"
    r"|(?:Mr|Mrs|Ms|Mme|Mlle|Dr|Prof|Rev|Msgr|Mgr|Sens?|Reps?|Govs?|Brig|Gen|Lt|Col|Sgt|Capt|Maj|Adm|Cmdr|Hon|Amb|Atty|Supt|Insp|Det|"
    r"Cpl|Pvt|Fr|Pres|Sec|Del|St|Jr|Sr|Inc|Corp|Ltd|Co|No|vs)\.(?=\s|,|$)"
    r"|[’'](?:s|ll|ve|re|d|m)\b|[nN][’']t\b"
    r"|[$£€]?\d+(?:[.,]\d+)*(?:[-‑][^\W_]+)*"
    r"|[^\W_]+?(?=n[’']t\b)"
    r"|@?[^\W_]+(?:[-‑.&][^\W_]+|[’'](?!(?:s|ll|ve|re|d|m)\b)[^\W_]+)*"
    r"|([^\s\w])\1+|[^\s\w]|_"
)
_PUNCTUATION = {
    ",": ",", ";": ";", ":": ":", ".": ".", "!": ".", "?": ".", "…": ".", "-": "-", "–": "-", "—": "-", "―": "-", "--": "-",
    "(": "(", "[": "(", ")": ")", "]": ")", "’s": "s", "'s": "s", "’": "s", "'": "s", "‘": "~", "&": "&",
}  # fmt: skip
NAME_LETTERS = "NiLOAR"


@dataclass(frozen=True, slots=True)
class Tokens:
    """Parallel lists: `tags[i]` is the class of the token text[starts[i]:ends[i]]; `region[i]` the quoted region of a `Q`."""

    text: str
    tags: str
    words: list[str]
    lower: list[str]
    starts: list[int]
    ends: list[int]
    regions: dict[int, QuotedRegion]
    sentence: list[int]
    paragraph: list[int]

    def at(self, offset: int) -> int:
        """Index of the first token that ends after `offset` (the number of tokens if there is none)."""
        return bisect_right(self.ends, offset)


@lru_cache(maxsize=2)
def tokens_of(text: str, sentences: tuple[Sentence, ...], regions: tuple[QuotedRegion, ...]) -> Tokens:
    """Tokenise an article; the last two are kept, because mentions and attribution both need them."""
    spans, holes = _token_spans(text, regions)
    return _classify(text, spans, holes, sentences)


def _token_spans(text: str, regions: Sequence[QuotedRegion]) -> tuple[list[tuple[int, int]], dict[int, QuotedRegion]]:
    """Token spans outside quoted regions, with one span for each outermost region (`holes`: its index -> region)."""
    spans: list[tuple[int, int]] = []
    holes: dict[int, QuotedRegion] = {}
    position = 0
    for region in sorted(regions, key=lambda each: (each.outer.start, -each.outer.end)):
        if region.outer.start < position:
            continue
        spans.extend(match.span() for match in _TOKEN.finditer(text, position, region.outer.start))
        holes[len(spans)] = region
        spans.append((region.outer.start, region.outer.end))
        position = region.outer.end
    spans.extend(match.span() for match in _TOKEN.finditer(text, position))
    return spans, holes


def _classify(
    text: str, spans: list[tuple[int, int]], holes: dict[int, QuotedRegion], sentences: Sequence[Sentence]
) -> Tokens:  # fmt: skip
    """Give each token its letter, with boundary tokens (empty spans) before each sentence and paragraph."""
    raw = [text[start:end] for start, end in spans]
    lowered = [word.lower() for word in raw]
    common = {word for word in raw if word[0].islower()}
    lows, capitals = lower_classes(), capital_classes()
    rows: list[tuple[str, str, str, int, int, int, int]] = []
    regions: dict[int, QuotedRegion] = {}
    bounds = [(sentence.span.start, sentence.paragraph) for sentence in sentences] + [(len(text) + 1, "")]
    upcoming, paragraph_id, number, paragraph, first = 0, None, -1, -1, True
    for index, (start, end) in enumerate(spans):
        if start >= bounds[upcoming][0]:
            while start >= bounds[upcoming + 1][0]:
                upcoming += 1
            began, block = bounds[upcoming]
            letter = "|" if block == paragraph_id else "¶"
            paragraph += letter == "¶"
            paragraph_id = block
            upcoming += 1
            # A sentence that began inside the quotation just passed is no new one: "..., he said" belongs to the words said.
            if index - 1 not in holes or began >= spans[index - 1][1]:
                number += 1
                rows.append((letter, "", "", start, start, number, paragraph))
                first = True
        word, low = raw[index], lowered[index]
        if index in holes:
            letter = "Q"
            regions[len(rows)] = holes[index]
        elif word[0].isupper() or word[0] == "@":
            letter = "0" if _is_tens(low) else _capital(word, low, first, common, lows, capitals)
        else:
            letter = _small(word)
        rows.append((letter, word, low, start, end, number, paragraph))
        first = letter == "Q" or (first and letter in "~-(")
    tags, words_, lower, starts, ends, numbers, blocks = (
        map(list, zip(*rows, strict=True)) if rows else ([] for _ in range(7))
    )
    _mend(tags, words_, lower)
    _cues_by_place(tags, lower, regions)
    return Tokens(text, "".join(tags), words_, lower, starts, ends, regions, numbers, blocks)


# Words that stand where only a verb of saying stands, whatever they are: "Q," she sobbed; "Q!" growled the cook; he fumed: "Q".
_CUE_PLACES = (
    re.compile(r"Q,?(?:p|[tRiNLOj]{1,5})(?P<cue>[ew])(?=[.,;:|¶PTr-])"),
    re.compile(r"Q,?D[we0A]{0,2}n{1,3}(?P<cue>[ew])(?=[.,;:|¶r-])"),
    re.compile(r"Q,?(?P<cue>[ew])(?=D[A0we]{0,3}[nNA]|[tRNiLO]|p)"),
    re.compile(r"(?:p|[NnA])(?:,0,|,[^,|¶Q]{1,30},)?(?P<cue>[ew])(?=:Q)"),
    re.compile(r"(?:p|[|¶k,][tRi]{0,3}N{1,3})(?P<cue>e)(?=,Q)"),
)


def _cues_by_place(tags: list[str], lower: list[str], regions: dict[int, QuotedRegion]) -> None:
    """Take an unknown word for a verb of saying where its place beside an utterance says so."""
    line = "".join(tags)
    for pattern in _CUE_PLACES:
        for match in pattern.finditer(line):
            index = match.start("cue")
            region = regions.get(match.start())
            is_utterance = region is None or line[match.start() + 1] == "," or region.span.text[-1:] in _UTTERANCE_ENDS
            if is_utterance and lower[index].endswith(("ed", "s")) and not lower[index].endswith("ss"):
                tags[index] = "c"


_UTTERANCE_ENDS = frozenset(",.!?…")


def _capital(
    word: str, low: str, first: bool, common: set[str], lows: dict[str, str], capitals: dict[str, str]
) -> str:  # fmt: skip
    if len(word) == 2 and word[1] == ".":
        return "i"
    if low in _SUFFIXES:
        return "j"
    known = capitals.get(low)
    if known and not (first and low in common and known not in "tR"):
        return known
    if low[-1] == "s" and capitals.get(low[:-1]) == "A":
        return "n"
    if "-" in word and word.rsplit("-", 1)[1].islower() and low.endswith(_ADJECTIVE_ENDS):
        return "A"
    letter = lows.get(low)
    if letter and letter in "DPoab&kphuxr0T":
        return letter
    if first and (letter or low in common):
        return letter if letter and letter != "v" else ("w" if low in common else letter or "N")
    if len(word) == 1:
        return "i" if not first else "w"
    if word.isupper() and 2 <= len(word) <= 6:
        return "O"
    if first and low.endswith("ly") and len(low) > 5 and low not in _FIRST_NAMES:
        return "r"
    if first and low.endswith("ing") and len(low) > 5:
        return "y"
    return "N"


_ADJECTIVE_ENDS = ("ed", "ing", "led", "style", "run", "born", "wide", "era", "like", "friendly", "old", "only")
_TENS = frozenset(("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"))
_SUFFIXES = frozenset(("jr", "jr.", "sr", "sr.", "ii", "iii", "iv"))
_FIRST_NAMES = frozenset(("kelly", "emily", "sally", "molly", "beverly", "kimberly", "carly", "lily", "billy", "holly"))


def _is_tens(low: str) -> bool:
    return "-" in low and low.split("-", 1)[0] in _TENS


@lru_cache(maxsize=16_384)
def _small(word: str) -> str:
    """The letter of a token that does not begin with a capital: it does not depend on its neighbours."""
    low, lows = word.lower(), lower_classes()
    if letter := _PUNCTUATION.get(word) or ("0" if _is_tens(low) else lows.get(low)):
        return letter
    if low[:3] in ("al-", "el-", "ad-", "ar-", "as-") and len(low) > 5:
        return "N"
    if low[0].isdigit() or low[0] in "$£€":
        return "n" if low.endswith(("-year-old", "-year-olds")) else "0"
    if not low[0].isalpha():
        return "~"
    if low.endswith("ly"):
        return "r"
    if low.endswith("ed"):
        return "e"
    if low.endswith("ing"):
        return "y"
    if "-" in low:
        letter = lows.get(low.rsplit("-", 1)[1], "w")
        return letter if letter in "nmd" else "w"
    return "w"


_SETTLED = frozenset("Q,;:.()-~|¶xkh&s0jitpLOA")
_ARTICLES = frozenset(("the", "a", "an", "his", "her", "its", "their", "our", "my", "this", "that", "these", "those"))
_NOUN_BEFORE = frozenset("DAs0Po")
_NAME_MONTHS = frozenset(("may", "april", "june", "august"))


def _mend(tags: list[str], written: list[str], lower: list[str]) -> None:
    """Mend letters by their neighbours: nouns that look like verbs, particles in names, roles of several words."""
    inner = {
        word for word, letter, before in zip(written[1:], tags[1:], tags, strict=False) if letter == "N" and before not in "|¶"
    }  # fmt: skip
    last = len(tags) - 1
    for index, letter in enumerate(tags):
        if letter == "0" and index < last and lower[index + 1] in _ARTICLES:
            tags[index] = "~"  # a time or number of its own: "14.52 The minister ..."
        if letter in _SETTLED:
            continue
        before = tags[index - 1] if index else "¶"
        after = tags[index + 1] if index < last else "¶"
        if letter in "cv":
            tags[index] = _verb(tags, lower, index, before)
        elif (
            letter == "o"
            and before == "R"
            and after in "NOLR"
            and lower[index - 1] in ("secretary", "minister", "secretaries")
        ):
            tags[index] = tags[index + 1] = "R"
        elif letter in "wDPnN" and _is_particle(letter, before, after, written[index]):
            tags[index] = "l"
        elif letter in "yN" and before in "|¶Q":
            # a sentence's first word is a name if it is one elsewhere, or if no noun or verb could follow otherwise
            is_name = written[index] in inner or (index < last and lower[index + 1] in words("particles"))
            tags[index] = _first_word(letter, after, is_name=is_name)
        elif letter in "TPbuw":
            tags[index] = _function_word(tags, lower, index, before, after)


def _verb(tags: list[str], lower: list[str], index: int, before: str) -> str:
    """The letter of what may be a verb: behind a determiner, a preposition or an adjective it is a noun or a participle."""
    letter, nouns = tags[index], words("noun_or_verb")
    if before in _NOUN_BEFORE:
        return "e" if lower[index].endswith("ed") else "w" if letter == "v" or lower[index] in nouns else letter
    if letter == "c" and before in "weA" and lower[index] in nouns and index > 1 and tags[index - 2] in "Ds0oP":
        return "w"
    return letter


def _is_particle(letter: str, before: str, after: str, written: str) -> bool:
    """Whether a small word stands inside a name ("Osama bin Laden", "Charles De Gaulle")."""
    if before not in "Nil" or written.lower() not in words("particles"):
        return False
    return "-" not in written if letter == "N" else after in "NL"


def _first_word(letter: str, after: str, *, is_name: bool) -> str:
    if letter == "y" and not is_name:
        return "y"
    return "w" if after in "weyDPo" and not is_name else "N"


def _function_word(tags: list[str], lower: list[str], index: int, before: str, after: str) -> str:
    """The letter of a month that is a name, "for" in an organisation, "in the words of", "that is", "her"."""
    letter, word = tags[index], lower[index]
    if letter == "T" and word in _NAME_MONTHS and (before in "Nit" or (word == "may" and after == "c")):
        return "N"
    if letter == "P" and before == "O" and after in "NO" and word in ("for", "on"):
        return "o"
    if letter == "w" and word == "words" and before == "D" and after == "o" and lower[index - 2] == "in":
        return "a"
    if letter == "b" and before in "|¶" and after == "x":
        return "u"
    return "D" if letter == "u" and word == "her" and after in "wnmdeAN" else letter
