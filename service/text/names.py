"""Speaker mentions and the entities they stand for: names, roles, groups, organisations, documents and pronouns.

`names_tokens` gives every word a class, `names_phrases` finds the phrases, `names_entities` says which are the same speaker.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from service.domain.candidate import AttributionLine, Entity, Mention, MentionKind, Paragraph, QuotedRegion, Sentence
from service.domain.evidence import Span, span_of
from service.text.names_antecedent import Cluster
from service.text.names_entities import clusters_of, fold
from service.text.names_phrases import Phrase, phrases_of
from service.text.names_tokens import tokens_of

_LABEL = re.compile(r"([A-Z][A-Z.'’-]{2,}(?: [A-Z][A-Z.'’-]+){0,3}|[A-Z][a-z]+ [A-Z][a-z]+): (?=\S)")


def mentions(
    text: str,
    *,
    paragraphs: tuple[Paragraph, ...],
    sentences: tuple[Sentence, ...],
    regions: tuple[QuotedRegion, ...],
    lines: tuple[AttributionLine, ...],
) -> tuple[tuple[Mention, ...], tuple[Entity, ...]]:
    """The speaker mentions outside quotation marks and the entities they were resolved to, ids M1.. and E1.. in document order.

    Every mention has an entity; a pronoun that could not be resolved has one of kind `pronoun` with the pronoun as its name.
    """
    del paragraphs, lines
    tokens = tokens_of(text, sentences, regions)
    phrases = phrases_of(tokens)
    clusters = [cluster for cluster in clusters_of(tokens, phrases) if cluster.phrases]
    clusters.sort(key=lambda cluster: cluster.phrases[0])
    labels = _labels(regions, clusters, len(phrases))
    spans = [span_of(text, tokens.starts[phrase.first], tokens.ends[phrase.last - 1]) for phrase in phrases]
    spans += [label.span for label in labels]
    order = sorted(range(len(spans)), key=lambda index: (spans[index].start, -spans[index].end))
    numbers = {index: number for number, index in enumerate(order, 1)}
    entities = tuple(_entity(f"E{number}", cluster, numbers) for number, cluster in enumerate(clusters, 1))
    owners = {index: entity for entity, cluster in zip(entities, clusters, strict=True) for index in cluster.phrases}
    forms = phrases + [label.phrase for label in labels]
    return tuple(_mention(f"M{numbers[index]}", spans[index], forms[index], owners[index]) for index in order), entities


@dataclass(frozen=True, slots=True)
class _Label:
    """A speaker label of a transcript at the start of a quoted region ("WALLACE: ...")."""

    span: Span
    phrase: Phrase


def _labels(regions: tuple[QuotedRegion, ...], clusters: list[Cluster], count: int) -> list[_Label]:
    """The labels, the only mentions inside quotation marks; their indices (from `count`) are added to their clusters."""
    found: list[_Label] = []
    for region in regions:
        match = _LABEL.match(region.span.text) if region.parent is None else None
        if match is None:
            continue
        name = tuple(match.group(1).split())
        key = tuple(fold(word) for word in name)
        cluster = next((each for each in clusters if each.kind is MentionKind.PERSON and each.key[-1:] == key[-1:]), None)
        if cluster is None:
            cluster = Cluster(MentionKind.PERSON, match.group(1), key)
            clusters.append(cluster)
        cluster.phrases.append(count + len(found))
        span = Span(region.span.start, region.span.start + match.end(1), match.group(1))
        found.append(_Label(span, Phrase(0, 0, MentionKind.PERSON, key[-1], name)))
    return found


def _entity(identifier: str, cluster: Cluster, numbers: dict[int, int]) -> Entity:
    named = cluster.kind in (MentionKind.PERSON, MentionKind.ORGANIZATION)
    mentions = tuple(f"M{number}" for number in sorted(numbers[index] for index in cluster.phrases))
    role = cluster.role if named else None
    return Entity(identifier, " ".join(cluster.name.split()), cluster.kind, mentions, role, cluster.gender)


def _mention(identifier: str, span: Span, phrase: Phrase, entity: Entity) -> Mention:
    return Mention(identifier, span, phrase.kind, phrase.role, entity.id, phrase.gender or entity.gender, phrase.plural)
