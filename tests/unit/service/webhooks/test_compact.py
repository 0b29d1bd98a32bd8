"""Results as a CMS keeps them: complete, bounded, harmless in a page."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest

from service.domain.article import Article
from service.domain.record import Extraction
from service.handlers import ExtractArticle, extract_article
from service.webhooks.compact import compact, html_safe_json, linked_data
from tests.api.client import ARTICLE, make_services

URL = "https://parley.example/extractions/ext_1"


@pytest.fixture
async def extraction() -> Extraction:
    return await extract_article(ExtractArticle(article=Article(text=ARTICLE)), make_services())


def grown(extraction: Extraction, text: str, times: int) -> Extraction:
    quote = replace(extraction.quotes[0], text=text)
    return replace(extraction, quotes=(quote,) * times, exchanges=extraction.exchanges * 3)


async def test_the_same_extraction_gives_the_same_characters(extraction):
    assert html_safe_json(compact(extraction, url=URL, most=10_000)) == html_safe_json(
        compact(extraction, url=URL, most=10_000)
    )
    assert linked_data(extraction, url=URL, most=10_000) == linked_data(extraction, url=URL, most=10_000)


@pytest.mark.parametrize("most", [1_500, 5_000, 20_000])
@pytest.mark.parametrize("text", ["“Ми вдома”, " * 9, "plain words ", "<&>\u2028😀" * 20, "\ud800 lone"])
async def test_it_keeps_to_its_size_and_counts_what_is_left_out(extraction, most, text):
    big = grown(extraction, text, 200)

    meta = html_safe_json(compact(big, url=URL, most=most), ascii_only=True)
    head = linked_data(big, url=URL, most=most)

    assert len(meta) <= most
    assert len(head.encode()) <= most
    for kept, left in (
        (json.loads(meta), json.loads(meta)["left_out"]),
        (json.loads(head), json.loads(head)["parley"]["left_out"]),
    ):
        quotes, exchanges = (
            kept.get("quotes", kept.get("hasPart")),
            kept.get("exchanges", kept.get("parley", {}).get("exchanges")),
        )
        assert len(quotes) + left["quotes"] == 200
        assert len(exchanges) + left["exchanges"] == 3 * len(extraction.exchanges)


async def test_a_room_that_is_too_small_for_anything_is_none(extraction):
    assert linked_data(extraction, url=URL, most=100) is None


async def test_a_speaker_without_a_name_is_no_person(extraction):
    unnamed = replace(extraction.quotes[0].speaker, kind="unnamed", name="an official")
    changed = replace(
        extraction, quotes=(replace(extraction.quotes[0], speaker=unnamed), replace(extraction.quotes[0], speaker=None))
    )

    first, second = json.loads(linked_data(changed, url=URL, most=10_000))["hasPart"]

    assert first["spokenByCharacter"] == {"@type": "Thing", "name": "an official"}
    assert "spokenByCharacter" not in second
    assert [quote["speaker"] for quote in compact(changed, url=URL, most=10_000)["quotes"]] == ["an official", None]


async def test_a_degraded_result_says_so(extraction):
    degraded = replace(extraction, provenance=replace(extraction.provenance, degraded=True, degraded_reason="ModelTimedOut"))

    told = compact(degraded, url=URL, most=10_000)["provenance"]

    assert (told["degraded"], told["degraded_reason"]) == (True, "ModelTimedOut")
