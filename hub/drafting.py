"""`udihub grammar draft`: a grammar and a mapping proposed from samples, tried on them before anybody sees them.

Observes (`connectors.draft_samples`), names what the fields mean and which entity they make (`mappings.draft`), writes both, loads the
grammar and reads the samples by it: a draft that does not read its own samples is refused here and never shown.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from connectors.draft_grammar import Drafted, as_yaml, drafted, groupable
from connectors.draft_samples import Samples, observe
from connectors.registry import format_named
from connectors.spec import Profile
from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from hub.draft_words import in_language
from mappings.draft import Given, document_keys, draft_mapping, guess_entity, of_document
from mappings.engine import load
from mappings.targets import entity_named

_VALUES = 200
"""Different values of a field that are held against code tables."""
_ROWS = ("delimited", "spreadsheet", "fixed")


@dataclass(frozen=True, slots=True)
class DraftedFeed:
    """Both files of a draft and what is to be said of it."""

    name: str
    format: str
    entity: str
    sure: int
    grammar: str
    mapping: str
    missing: tuple[str, ...]
    """Mandatory members that no sample says, as paths (`issued_at`, `lines.unit`)."""
    records: int
    advice: str = ""
    """What else a person must decide, as a sentence; empty where nothing is."""


_DOUBTFUL = 20
"""Per cent of sureness below which a person is asked what the samples are."""
_WORDS: Mapping[Language, Mapping[str, str]] = {
    "en": {
        "repeats": "{0} stands in several records: they are the lines of one document, and read as they are the last one would replace the "
        "others. Ask for an export with the lines below each document, or of rows (CSV, XLSX, flat JSON sorted by {0}), which are grouped.",
        "unsure": "{0} is hardly more than a guess: say by --entity what the samples are, and look whether a table begins at its header.",
    },
    "zh-CN": {
        "repeats": "{0} 在多条记录中重复：这些记录是同一单据的各行，若照此读取，最后一条会取代其余各条。请改为导出含明细行的单据，"
        "或可合并的行数据（CSV、XLSX，或按 {0} 排序的平面 JSON）。",
        "unsure": "{0} 几乎只是猜测：请用 --entity 指明样例是什么，并检查表格是否从表头行开始。",
    },
}


def draft_feed(paths: Sequence[Path], name: str | None = None, entity: str | None = None, language: Language = "en") -> DraftedFeed:
    """Draft from samples of one feed, with reasons in a language. `entity`: what a person says that they are; guessed without.

    Raises ConfigError for samples that nothing can be drafted from, and for an entity that there is none of.
    """
    if entity is not None:
        entity_named(entity, "--entity")
    samples = observe(paths)
    feed = _name(name or paths[0].stem)
    fields = drafted(samples)
    if not fields:
        raise ConfigError("the samples hold no values")
    given = [_given(field) for field in fields]
    words = _WORDS[language]
    entity, sure = (entity, 100) if entity is not None else guess_entity(given, f"{feed} {paths[0].stem}")
    repeated = _repeated(samples, fields, document_keys(given, entity))
    flat = samples.format in _ROWS or (repeated and _flat(samples) and _together(fields, repeated))
    by = document_keys(given, entity) if flat else []
    full = {field.path for field in fields if field.share == 100}
    by = by if set(by) <= full else []
    of_documents = {field.path for field in given if of_document(field, entity)}
    header = [path for path in groupable(samples, fields, by) if path in of_documents]
    grammar = as_yaml(samples, feed, fields, by, header)
    draft = draft_mapping(samples.format, feed, given, entity, sure, [*by, *header] if by else None)
    advice = ""
    if repeated and not by:
        advice = words["repeats"].format(repeated)
        grammar = f"# TODO {advice}\n{grammar}"
    if sure < _DOUBTFUL:
        advice = "\n".join(filter(None, (advice, words["unsure"].format(entity))))
    _try(paths, samples.format, feed, grammar, draft.text, complete=not draft.missing)
    said = in_language(grammar, language), in_language(draft.text, language)
    return DraftedFeed(feed, samples.format, entity, sure, *said, tuple(draft.missing), samples.root.records, advice)


def _repeated(samples: Samples, fields: Sequence[Drafted], by: Sequence[str]) -> str:
    """The document number that several records of JSON or XML share: they are its lines, and the last would replace the rest."""
    for field in fields if samples.format not in _ROWS else ():
        if field.path in by and "/" not in field.path and len(set(field.values)) < len(field.values):
            return field.path
    return ""


def _flat(samples: Samples) -> bool:
    """Whether the records are such as the format groups: JSON objects of values only, in a list or in lines."""
    listed = samples.messages == "lines" or samples.messages.endswith("[]")
    return samples.format == "json" and listed and not any(child.fields or child.many for child in samples.root.fields.values())


def _together(fields: Sequence[Drafted], number: str) -> bool:
    """Whether the records of each document stand together; where they do not, none of them would be read."""
    (values,) = [field.values for field in fields if field.path == number]
    begun = [value for at, value in enumerate(values) if at == 0 or values[at - 1] != value]
    return len(begun) == len(set(begun))


def _given(field: Drafted) -> Given:
    meaning, values = field.meaning, tuple(sorted(set(field.values)))[:_VALUES]
    if meaning is None:
        return Given(field.path, field.seen.kind, "", 0, field.seen.reason, field.seen.marks, field.seen.key, values)
    agrees = field.seen.key in (meaning.concept, "gln") or meaning.kind in field.seen.kind or field.seen.kind == meaning.kind
    sure = min(99, meaning.sure + 8) if agrees else meaning.sure
    reason = f"the name says {meaning.word!r}" if meaning.word != f"check digits of {meaning.concept.upper()}" else meaning.word
    return Given(
        field.path, field.seen.kind, meaning.concept, sure, f"{reason}; {field.seen.reason}", field.seen.marks, field.seen.key, values
    )


def _name(text: str) -> str:
    name = re.sub(r"[^a-z0-9]+", "_", text.casefold()).strip("_")[:60]
    return name or "feed"


def _try(paths: Sequence[Path], format_name: str, name: str, grammar: str, mapping: str, *, complete: bool) -> None:
    """Load what was drafted and read the samples by it."""
    with tempfile.TemporaryDirectory() as folder:
        for room, text in (("grammars", grammar), ("mappings", mapping)):
            path = Path(folder) / room / format_name / f"{name}.yaml"
            path.parent.mkdir(parents=True)
            path.write_text(text, encoding="utf-8")
        profile = Profile(options={"grammar_folders": [str(Path(folder) / "grammars")]})
        for path in paths:
            with path.open("rb") as stream:
                for event in format_named(format_name).read(stream, profile, name):
                    holder = event.message or (event.interchange if event.kind == "interchange_end" else None)
                    findings = [event.finding] if event.finding is not None else holder.findings if holder is not None else []
                    wrong = [finding for finding in findings if finding is not None and finding.severity == "error"]
                    if wrong:
                        raise ConfigError(f"{path}: the samples do not agree with one another: {wrong[0].text()}")
        if complete:
            load(f"{format_name}/{name}", [Path(folder) / "mappings"])
