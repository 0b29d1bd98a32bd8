"""The peer's side of `peers.py`, run by a Python that has textacy and an English spaCy model.

    python peer_textacy.py MODEL [--paragraphs] < texts.jsonl > answers.jsonl

Reads one JSON string a line, writes the CPU seconds and the quotations (offsets in code points) of each; loading is not counted.
"""

from __future__ import annotations

import json
import re
import sys
import time
from importlib import import_module

from textacy.extract import direct_quotations


def quotations(nlp, text: str, *, by_paragraph: bool) -> list[dict[str, object]]:
    pieces = [match.span() for match in re.finditer(r"[^\n]+", text)] if by_paragraph else [(0, len(text))]
    found = []
    for first, last in pieces:
        doc = nlp(text[first:last])
        try:
            triples = list(direct_quotations(doc))
        except (ValueError, IndexError):  # a stray mark makes textacy give up the whole piece
            continue
        for triple in triples:
            start, end = first + triple.content.start_char, first + triple.content.end_char
            who = triple.speaker
            begin, stop = first + who[0].idx, first + who[-1].idx + len(who[-1])
            speaker = {"name": text[begin:stop], "kind": "person", "mention": {"start": begin, "end": stop}}
            found.append({"kind": "direct", "start": start, "end": end, "speaker": speaker})
    return found


def main() -> None:
    module = import_module(sys.argv[1])
    nlp = module.load()
    nlp("A first sentence warms it up.")
    for line in sys.stdin:
        text = json.loads(line)
        began = time.process_time()
        quotes = quotations(nlp, text, by_paragraph="--paragraphs" in sys.argv)
        print(json.dumps({"cpu_s": time.process_time() - began, "quotes": quotes}), flush=True)


if __name__ == "__main__":
    main()
