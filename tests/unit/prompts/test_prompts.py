"""Prompts are data: locked, rendered alike every time, and their examples stay out of answers."""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Callable

import pytest

from service.adapters.prompts import PROMPTS, PromptFiles
from service.domain.draft import Draft
from service.extraction.answer import FullAnswer
from service.extraction.full import compose
from service.extraction.lines import passage_line, quote_line
from service.extraction.reading import read_answer
from service.text.scan import scan
from tests.builders import SWAP, make_question

EXTRACT = [id_ for id_ in PromptFiles().ids() if id_.startswith("extract@")]


def test_every_prompt_is_locked() -> None:
    locked = tomllib.loads((PROMPTS / "lock.toml").read_text())

    assert locked == {path.stem: hashlib.sha256(path.read_bytes()).hexdigest() for path in sorted(PROMPTS.glob("*@*.md"))}


@pytest.mark.parametrize("id_", EXTRACT)
def test_the_rendering_of_an_article_is_reviewed(id_: str, golden: Callable[[str, str], None]) -> None:
    (part,) = compose(make_question(SWAP), PromptFiles().get(id_))

    golden(f"{id_}.txt", "\n\n".join(f"# {m.role}\n{m.content}" for m in part.messages) + "\n")


@pytest.mark.parametrize("id_", EXTRACT)
def test_the_static_part_comes_first_and_is_the_same_for_every_article(id_: str) -> None:
    prompt = PromptFiles().get(id_)
    (one,), (other,) = (compose(make_question(text), prompt) for text in (SWAP, "Snow fell."))

    assert one.messages[0] == other.messages[0]
    assert one.messages[1].content.endswith(f"END {one.rendering.fence}")


@pytest.mark.parametrize("id_", EXTRACT)
def test_the_worked_examples_are_valid_answers_whose_tags_the_scanner_would_give(id_: str) -> None:
    system = PromptFiles().get(id_).system
    examples = re.findall(r"^EXAMPLE \d\n(.*?)\n(\{\"quotes\".*?\})$", system, re.MULTILINE | re.DOTALL)

    assert len(examples) == 2
    for text, answer in examples:
        parsed = FullAnswer.model_validate_json(answer)
        assert answer == json.dumps(json.loads(answer), separators=(",", ":"), ensure_ascii=False)
        assert [quote_line(line).q for line in parsed.quotes] == re.findall(r"\[(Q\d+)\]", text)
        used = re.findall(r"\bN\d+\b", " ".join(line for x in parsed.exchanges for line in (*x.ways, x.unused or "")))
        assert set(used) <= set(re.findall(r"\[(N\d+)\]", text))
        for line in parsed.indirect:
            words = passage_line(line, indirect=True)
            plain = re.sub(r"\[[QND]\d+(?:=[^\]]*)?\]", "", text)
            assert all(part is None or part in plain for part in (words.first, words.last, words.cue))


@pytest.mark.parametrize("id_", EXTRACT)
def test_names_of_the_examples_cannot_be_grounded_in_another_article(id_: str) -> None:
    """Leakage is harmless by construction: what an example names does not stand in the article, so it is refused."""
    system = PromptFiles().get(id_).system
    (answer, *_) = re.findall(r"^\{\"quotes\":\[\"Q1 A=Mira Tolan\",\"Q2 -\"\],\"indirect.*$", system, re.MULTILINE)
    candidates = scan("“We waited,” said Ann Lee. Ten prisoners were freed on Monday.")
    shown = frozenset(c.id for c in candidates)

    reading = read_answer(FullAnswer.model_validate_json(answer), candidates, shown=shown, rules=Draft())

    assert all(quote.speaker is None for quote in reading.quotes)
    assert all(not exchange.transfers for exchange in reading.exchanges)
