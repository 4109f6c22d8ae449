"""`masterdata`: suspected duplicates, golden records and what people decide of them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import date
from typing import Annotated, Any, Literal

import typer

from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from hub import stewardship
from hub.check import plain
from hub.commands.persons import Actor
from hub.commands.words import word
from hub.masterdata import places, shown
from hub.masterdata.clusters import Source
from hub.masterdata.decide import Answer, Asked
from hub.masterdata.kinds import Kind
from hub.masterdata.reasons import in_words
from hub.runtime import Hub
from hub.store import decisions
from hub.store import suspects as cases

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]
Reason = Annotated[str, typer.Option("--reason", help="Why; kept with the decision and in the audit trail.")]
OfKind = Annotated[Kind, typer.Argument(help="item, party, device, location or lot.", metavar="KIND")]
Name = Annotated[str, typer.Argument(help="system/code, a code, GTIN, GLN, tax number, licence or UDI-DI; of a lot 'item|number'.")]
FromDay = Annotated[str | None, typer.Option("--from", help="From which day it holds, YYYY-MM-DD; always if left out.")]
_PAGE = 500


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    group = typer.Typer(help="Golden records: duplicates, whose word counts, merge and unmerge.", no_args_is_help=True)
    for name, command in (
        ("match", match_command),
        ("duplicates", duplicates_command),
        ("answer", answer_command),
        ("show", show_command),
        ("history", history_command),
        ("impact", impact_command),
        ("merge", merge_command),
        ("unmerge", unmerge_command),
        ("set", set_command),
        ("release", release_command),
        ("requests", requests_command),
        ("refuse", refuse_command),
        ("places", places_command),
        ("place", place_command),
    ):
        group.command(name)(command)
    app.add_typer(group, name="masterdata")


def match_command(
    kind: Annotated[Literal["item", "party", "location"], typer.Argument(help="item, party or location.", metavar="KIND")],
    least: Annotated[float, typer.Option("--least", min=0.0, max=1.0, help="Least chance to be one.")] = 0.5,
    look_only: Annotated[bool, typer.Option("--look", help="Only show what would be found.")] = False,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Compare all records of a kind, however they are written, and put those that seem to be one before a steward."""
    from hub.masterdata import search  # what it reads names with takes half a second to load

    hub = Hub.open()
    with hub.database.read() as connection:
        looked = search.look(connection, kind, least)
    numbers = [None] * len(looked.found) if look_only else search.propose(hub.database, kind, looked, hub.site.masterdata.rules, by)
    for number, (left, right, chance, reasons) in zip(numbers, looked.found, strict=True):
        row = {"id": number, "kind": kind, "left": "/".join(left), "right": "/".join(right), "score": round(chance, 6), "reasons": reasons}
        told = ", ".join(in_words(one, hub.settings.language) for one in reasons if one["weight"])
        _tell(row, as_json, f"{number or '–':>6} {kind:6} {chance:.3f} {row['left']:24} {row['right']:24} {told}")
    waits = sum(number is not None for number in numbers)
    counts = {"records": looked.records, "compared": looked.compared, "found": len(looked.found), "for_a_steward": waits}
    _tell(counts, as_json, word("matched", hub.settings.language).format(**counts))


def duplicates_command(
    number: Annotated[int | None, typer.Argument(help="Id of one, to see both records side by side.")] = None,
    kind: Annotated[Kind | None, typer.Option("--kind", help="item, party, device, location or lot.")] = None,
    state: Annotated[str, typer.Option("--state", help="open, later, same, different, gone; several with commas; all.")] = "open",
    as_json: AsJson = False,
) -> None:
    """Pairs that seem to be one thing, the likeliest first. With an id, both records field by field."""
    hub = Hub.open()
    if number is not None:
        with hub.database.read() as connection:
            _beside(hub, shown.beside(connection, number, hub.site.masterdata.rules, hub.clock.now().date()), as_json)
        return
    states = None if state == "all" else [one.strip() for one in state.split(",")]
    if states is not None and (strange := sorted(set(states) - set(cases.STATES))):
        raise ConfigError(f"--state: unknown {', '.join(strange)}; known are {', '.join(cases.STATES)}, all")
    after: tuple[str, int] | None = None
    while True:
        with hub.database.read() as connection:
            rows = cases.listed(connection, kind=kind, states=states, after=after, limit=_PAGE)
        for row in rows:
            _tell(row, as_json, _pair(hub.settings.language, row))
        if len(rows) < _PAGE:
            return
        after = (str(rows[-1]["score"]), rows[-1]["id"])


def answer_command(
    number: Annotated[int, typer.Argument(help="Id, as `masterdata duplicates` shows it.")],
    said: Annotated[Answer, typer.Option("--answer", help="same: merge them; different: do not ask again; later.")],
    reason: Reason,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Decide a suspected duplicate."""
    hub = Hub.open()
    done = stewardship.answer(hub, number, said, reason, by, None)
    _tell(done, as_json, _pair(hub.settings.language, done))
    if done["request"] is not None and not as_json:
        typer.echo(_request(hub.settings.language, done["request"]))


def show_command(
    kind: OfKind,
    name: Name,
    on: Annotated[str | None, typer.Option("--on", help="As of a day, YYYY-MM-DD; now if left out.")] = None,
    as_json: AsJson = False,
) -> None:
    """A golden record: each field with whose value won and why, its sources, and what was decided of it."""
    hub = Hub.open()
    with hub.database.read() as connection:
        found = shown.golden(connection, kind, name, hub.site.masterdata.rules, hub.clock.now().date(), _day("--on", on))
    if as_json:
        _tell(found, True, "")
        return
    language = hub.settings.language
    for other in found["also"]:
        said = word("also_called", language).format(name=name, source=f"{other['system']}/{other['code']}", called=other["name"] or "-")
        typer.echo(said)
    for one in found["fields"]:
        said = one["said_by"]
        who = said["person"] or f"{said['system']}/{said['code']}"
        typer.echo(f"{one['field']:20} {_value(one['value'])}  [{word('why_' + one['why'], language)}: {who}]")
        for other in one["others"]:
            if other["lost_by"] is not None:
                lost = word(f"why_{other['lost_by']}", language)
                typer.echo(f"{'':20}   {_value(other['value'])}  ({other['person'] or other['system'] + '/' + other['code']}; {lost})")
    for source in found["sources"]:
        mark = "*" if source["in_effect"] else " "
        message = word("message_of", language).format(exchange=source["exchange_id"], document=source["document_id"])
        typer.echo(f"{mark} {source['system']}/{source['code']} r{source['revision']} {source['begins_on']} {message}")
    for request in found["decisions"]:
        typer.echo(_request(language, request))


def history_command(kind: OfKind, name: Name, as_json: AsJson = False) -> None:
    """Every version of every source record, as it came, a line each."""
    hub = Hub.open()
    with hub.database.read() as connection:
        rows = shown.history(connection, kind, name)
    for row in rows:
        message = word("message_of", hub.settings.language).format(exchange=row["exchange_id"], document=row["document_id"])
        said = json.dumps(plain(row["body"]), ensure_ascii=False)
        _tell(row, as_json, f"{row['system']}/{row['code']} r{row['revision']} {row['begins_on']} {message} {said}")


def impact_command(kind: OfKind, name: Name, as_json: AsJson = False) -> None:
    """What a change of this record touches: maps, open orders, lots, partners."""
    hub = Hub.open()
    touched = stewardship.touches(hub, kind, [_source(hub, kind, name)])
    if as_json:
        _tell(touched, True, "")
        return
    for what, found in touched.items():
        typer.echo(f"{word('touched_' + what, hub.settings.language):12} {found['count']:6}  {', '.join(found['first'][:10])}")


def merge_command(
    kind: OfKind,
    name: Name,
    other: Annotated[str, typer.Argument(help="The other one, named likewise.")],
    reason: Reason,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Two records, and all that is one with them, are one thing."""
    hub = Hub.open()
    _ask(hub, Asked(kind, "merge", _source(hub, kind, name), reason, _source(hub, kind, other)), by, as_json)


def unmerge_command(kind: OfKind, name: Name, reason: Reason, by: Actor = "cli", as_json: AsJson = False) -> None:
    """Take one source record (system/code) out of its golden record; those that stay stay together."""
    hub = Hub.open()
    _ask(hub, Asked(kind, "unmerge", _source(hub, kind, name), reason), by, as_json)


def set_command(
    kind: OfKind,
    name: Name,
    member: Annotated[str, typer.Argument(help="Field of the record.", metavar="FIELD")],
    value: Annotated[str, typer.Argument(help="Its value: a text, or JSON for anything else.")],
    reason: Reason,
    from_on: FromDay = None,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Say that a field is so, verified by a person. Our systems' records stay as they are."""
    hub = Hub.open()
    _day("--from", from_on)
    asked = Asked(kind, "value", _source(hub, kind, name), reason, field=member, value=_json(value), from_on=from_on)
    _ask(hub, asked, by, as_json)


def release_command(
    kind: OfKind,
    name: Name,
    member: Annotated[str, typer.Argument(help="Field of the record.", metavar="FIELD")],
    reason: Reason,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Take back what a person said of a field; what our systems say counts again."""
    hub = Hub.open()
    _ask(hub, Asked(kind, "release", _source(hub, kind, name), reason, field=member), by, as_json)


def requests_command(
    state: Annotated[str, typer.Option("--state", help="waiting, done, refused; several with commas; all.")] = "waiting",
    as_json: AsJson = False,
) -> None:
    """What was asked for, the newest first. A second person approves in the console or over HTTP, with a key of their own."""
    hub = Hub.open()
    states = None if state == "all" else [one.strip() for one in state.split(",")]
    before: int | None = None
    while True:
        with hub.database.read() as connection:
            rows = decisions.requests(connection, states=states, before=before, limit=_PAGE)
        for row in rows:
            _tell(row, as_json, _request(hub.settings.language, row))
        if len(rows) < _PAGE:
            return
        before = rows[-1]["id"]


def refuse_command(
    number: Annotated[int, typer.Argument(help="Id of a request that waits.")], reason: Reason, by: Actor = "cli", as_json: AsJson = False
) -> None:
    """Refuse a request, or take one's own back."""
    hub = Hub.open()
    done = stewardship.refuse(hub, number, reason, by, None)
    _tell(done, as_json, _request(hub.settings.language, done))


def places_command(
    on: Annotated[str | None, typer.Option("--on", help="As of a day, YYYY-MM-DD; today if left out.")] = None, as_json: AsJson = False
) -> None:
    """Organisations, plants, warehouses and storage places, and what stock speaks of that belongs nowhere yet."""
    hub = Hub.open()
    day = _day("--on", on) or hub.clock.now().date()
    with hub.database.read() as connection:
        tree, loose = places.tree(connection, day), places.unplaced(connection, day)
    language = hub.settings.language
    for place in tree.values():
        name = place["name_zh"] if language == "zh-CN" and place["name_zh"] else place["name"]
        indent = "  " * max(0, len(place["path"]) - 1)
        wrong = place["findings"]
        level = word(f"level_{place['level'] or 'none'}", language)
        told = {**place, "findings": [one.as_json(language) for one in wrong]}
        _tell(told, as_json, f"{indent}{place['key']}  {name or '-'}  [{level}]")
        for one in wrong if not as_json else ():
            typer.echo(f"{indent}  {one.rule} {one.text(language)}")
    for key in loose:
        _tell({"key": key, "level": None}, as_json, f"{key}  [{word('level_none', language)}]")


def place_command(
    key: Annotated[str, typer.Argument(help="GLN, or the code that stock speaks of.")],
    level: Annotated[str, typer.Option("--level", help="plant, warehouse or storage_place.")],
    name: Annotated[str, typer.Option("--name")],
    parent: Annotated[str, typer.Option("--in", help="The place that it belongs to.")],
    reason: Reason,
    name_zh: Annotated[str | None, typer.Option("--name-zh")] = None,
    from_on: FromDay = None,
    by: Actor = "cli",
    as_json: AsJson = False,
) -> None:
    """Say where a place belongs, from a day on."""
    hub = Hub.open()
    _day("--from", from_on)
    said = {"level": level, "name": name, "name_zh": name_zh, "parent": parent}
    _ask(hub, Asked(places.KIND, "place", (places.KIND, key), reason, value=said, from_on=from_on), by, as_json)


# --- how it is told ----------------------------------------------------------------------------------------------------
def _ask(hub: Hub, asked: Asked, by: str, as_json: bool) -> None:
    done = stewardship.ask(hub, asked, by)
    _tell(done, as_json, _request(hub.settings.language, done))


def _source(hub: Hub, kind: str, name: str) -> Source:
    with hub.database.read() as connection:
        return shown.sole_source(connection, kind, name)


def _tell(row: Mapping[str, Any], as_json: bool, text: str) -> None:
    typer.echo(json.dumps(plain(dict(row)), ensure_ascii=False) if as_json else text)


def _pair(language: Language, row: Mapping[str, Any]) -> str:
    left, right = (f"{row[side]['system']}/{row[side]['code']}" for side in ("left", "right"))
    reasons = ", ".join(in_words(one, language) for one in row["reasons"])
    state = word(f"suspect_{row['state']}", language)
    return f"{row['id']:6} {row['kind']:6} {state:9} {row['score']:.3f} {left:24} {right:24} {reasons}"


def _beside(hub: Hub, found: Mapping[str, Any], as_json: bool) -> None:
    _tell(found, as_json, _pair(hub.settings.language, found))
    if not as_json:
        for one in found["fields"]:
            typer.echo(f"{'≠' if one['differs'] else ' '} {one['field']:20} {_value(one['left']):40} | {_value(one['right'])}")


def _request(language: Language, row: Mapping[str, Any]) -> str:
    said = row["said"]
    what = "/".join(said["source"]) + (f" + {'/'.join(said['other'])}" if "other" in said else "")
    if "field" in said:
        what += f" {said['field']} = {_value(said.get('value'))}"
    state = word(f"request_{row['state']}", language)
    who = row["asked_by"] if row["decided_by"] in (None, row["asked_by"]) else f"{row['asked_by']}, {row['decided_by']}"
    action = word(f"action_{row['action']}", language)
    return f"{row['id']:6} {row['asked_at']:%Y-%m-%d %H:%M} {state:9} {action:10} {what}  ({who}: {row['reason']})"


def _value(value: Any) -> str:
    if value is None:
        return "–"
    return value if isinstance(value, str) else json.dumps(plain(value), ensure_ascii=False)


def _json(text: str) -> Any:
    try:
        value = json.loads(text)
    except ValueError:
        return text
    return value if isinstance(value, list | dict | bool) else text  # numbers are texts: a tax number keeps its zeros


def _day(option: str, text: str | None) -> date | None:
    try:
        return date.fromisoformat(text) if text is not None else None
    except ValueError as error:
        raise ConfigError(f"{option}: expected a day as YYYY-MM-DD, got {text}") from error
