"""
Speaker mentions and the entities they stand for: names, roles, groups, organisations, documents and pronouns.

`names_tokens` gives every word a class, `names_phrases` finds the phrases, `names_entities` says which are the same speaker.
"""

from __future__ import annotations

import re

from service.domain.candidate import AttributionLine, Entity, Mention, MentionKind, Paragraph, QuotedRegion, Sentence
from service.domain.evidence import Span, span_of
from service.text.names_entities import Cluster, clusters_of, fold
from service.text.names_phrases import Phrase, phrases_of
from service.text.names_tokens import Tokens, tokens_of


def mentions(
    text: str,
    *,
    paragraphs: tuple[Paragraph, ...],
    sentences: tuple[Sentence, ...],
    regions: tuple[QuotedRegion, ...],
    lines: tuple[AttributionLine, ...],
) -> tuple[tuple[Mention, ...], tuple[Entity, ...]]:
    """
    The speaker mentions outside quotation marks and the entities they were resolved to, ids M1.. and E1.. in document order.

    Every mention has an entity; a pronoun that could not be resolved has one of kind `pronoun` with the pronoun as its name.
    """
    del paragraphs, lines
    tokens = tokens_of(text, sentences, regions)
    phrases = phrases_of(tokens)
    clusters = [cluster for cluster in clusters_of(tokens, phrases) if cluster.phrases]
    clusters.sort(key=lambda cluster: cluster.phrases[0])
    found: list[Mention | None] = [None] * len(phrases)
    entities: list[Entity] = []
    for cluster in clusters:
        entity = _entity(f"E{len(entities) + 1}", cluster)
        entities.append(entity)
        for index in cluster.phrases:
            found[index] = _mention(tokens, f"M{index + 1}", phrases[index], entity)
    labels, more = _labels(regions, entities, len(phrases))
    everyone = sorted([mention for mention in found if mention is not None] + labels, key=lambda mention: mention.span.start)
    return tuple(everyone), (*entities, *more)


_LABEL = re.compile(r"([A-Z][A-Z.'’-]{2,}(?: [A-Z][A-Z.'’-]+){0,3}|[A-Z][a-z]+ [A-Z][a-z]+): (?=\S)")


def _labels(regions: tuple[QuotedRegion, ...], entities: list[Entity], count: int) -> tuple[list[Mention], list[Entity]]:
    """Speaker labels of transcripts at the start of a quoted region ("WALLACE: ..."), the only mentions inside quotation marks."""
    found: list[Mention] = []
    more: dict[str, Entity] = {}
    for region in regions:
        match = _LABEL.match(region.span.text) if region.parent is None else None
        if match is None:
            continue
        key = fold(match.group(1).split()[-1])
        entity = next((each for each in entities if each.kind is MentionKind.PERSON and fold(each.name.split()[-1]) == key), more.get(key))
        if entity is None:
            entity = Entity(f"E{len(entities) + len(more) + 1}", match.group(1), MentionKind.PERSON, ())
            more[key] = entity
        span = Span(region.span.start, region.span.start + match.end(1), match.group(1))
        found.append(Mention(f"M{count + len(found) + 1}", span, MentionKind.PERSON, None, entity.id, entity.gender))
    return found, list(more.values())


def _entity(identifier: str, cluster: Cluster) -> Entity:
    named = cluster.kind in (MentionKind.PERSON, MentionKind.ORGANIZATION)
    return Entity(identifier, " ".join(cluster.name.split()), cluster.kind, tuple(f"M{index + 1}" for index in cluster.phrases),
                  cluster.role if named else None, cluster.gender)  # fmt: skip


def _mention(tokens: Tokens, identifier: str, phrase: Phrase, entity: Entity) -> Mention:
    span = span_of(tokens.text, tokens.starts[phrase.first], tokens.ends[phrase.last - 1])
    return Mention(identifier, span, phrase.kind, phrase.role, entity.id, phrase.gender or entity.gender, phrase.plural)
