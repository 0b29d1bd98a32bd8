"""What no span may do: leave with words that do not stand there."""

from __future__ import annotations

from dataclasses import replace

import pytest

from service.extraction.verbatim import require_verbatim
from tests.builders import SWAP
from tests.unit.service.extraction.test_pipeline import run


async def test_a_record_whose_spans_are_verbatim_passes() -> None:
    extraction = await run()

    assert require_verbatim(extraction, SWAP) is extraction


async def test_a_quotation_a_speaker_or_a_piece_of_evidence_that_stands_elsewhere_does_not() -> None:
    extraction = await run()
    quote, exchange = extraction.quotes[0], extraction.exchanges[0]
    assert quote.speaker is not None
    assert quote.speaker.mention is not None
    elsewhere = replace(quote.speaker.mention, start=quote.speaker.mention.start + 1)
    evidence = replace(exchange.evidence[0], text="Atlantis freed them all.")
    wrong = (
        replace(extraction, quotes=(replace(quote, text=f"{quote.text}!"),)),
        replace(extraction, quotes=(replace(quote, speaker=replace(quote.speaker, mention=elsewhere)),)),
        replace(extraction, exchanges=(replace(exchange, evidence=(evidence,)),)),
    )

    for one in wrong:
        with pytest.raises(RuntimeError, match="does not hold its words"):
            require_verbatim(one, SWAP)
    with pytest.raises(RuntimeError):
        require_verbatim(extraction, SWAP.replace("\n\n", "\n"))
