"""`check`, `map`, `write` and `ingest`: what one does with a file."""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from textwrap import indent
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import Progress

from connectors import registry
from connectors.feed_document import FeedGuides
from data_contracts.errors import ConfigError
from data_contracts.findings import Language
from data_contracts.mistakes import meant
from hub import acknowledge, check, unagreed, worker
from hub.commands import findings
from hub.commands.words import counted, word
from hub.compare import Difference, Source, differences, expected_entities, source_of
from hub.examine import Claimant, Examination, examine
from hub.receive import Reception, receive
from hub.runtime import Hub
from hub.settings import Settings
from hub.site import Site
from hub.site_reading import SiteError
from hub.store import claims, ingested

Files = Annotated[list[Path], typer.Argument(exists=False, help="Files to read.")]
OneFile = Annotated[Path, typer.Argument(help="File to read.")]
OfPartner = Annotated[str | None, typer.Option("--partner", help="Partner (key of its file in the site) whose agreements apply.")]
ForAgreement = Annotated[str | None, typer.Option("--agreement", help="The agreement, where a partner has several feeds of one format.")]
OfFeed = Annotated[
    str | None, typer.Option("--grammar", help="Without --partner: format and grammar to read a feed by, e.g. fixed/erp_stock.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one object a file.")]


def register(app: typer.Typer) -> None:
    """Add the commands of this module."""
    app.command("check")(check_command)
    app.command("map")(map_command)
    app.command("ingest")(ingest_command)
    app.command("write")(write_command)
    group = typer.Typer(help="Documents that were put aside.", no_args_is_help=True)
    group.command("retry")(retry_command)
    app.add_typer(group, name="document")


def check_command(
    file: OneFile,
    partner: OfPartner = None,
    agreement: ForAgreement = None,
    grammar: OfFeed = None,
    as_json: AsJson = False,
    second_opinion: Annotated[bool, typer.Option("--second-opinion", help="Add pyx12's opinion; it knows X12 only.")] = False,
) -> None:
    """Say what is wrong with a file; nothing is stored. Exit code: 0 valid, 1 findings of severity error, 2 unreadable."""
    settings = Settings.from_environment()
    site, now = _site(settings, partner), settings.clock.now()
    answer: dict[str, Any]
    try:
        answer = check.check_file(file, site, _claimant(site, partner, agreement), now, settings.language, _feed(grammar, partner))
    except OSError as error:
        typer.echo(f"udihub: {file}: {error.strerror}", err=True)
        raise typer.Exit(check.UNREADABLE) from error
    if second_opinion and answer["format"] == "x12":
        from connectors.formats.x12.second_opinion import second_opinion as pyx12_opinion

        answer["second_opinion"] = asdict(pyx12_opinion(file.read_bytes()))
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        _print_check(answer, settings.language)
        if second_opinion and answer["format"] != "x12":
            typer.echo(f"  {word('opinion_only_x12', settings.language)}")
    raise typer.Exit(check.exit_code(answer))


def map_command(
    file: OneFile,
    partner: OfPartner = None,
    agreement: ForAgreement = None,
    grammar: OfFeed = None,
    as_json: AsJson = False,
    compare: Annotated[
        Path | None, typer.Option("--compare", help="JSON or JSON lines that the file should map to: print what differs instead.")
    ] = None,
) -> None:
    """Print what a file says as canonical JSON, a line a message; nothing is stored. Findings go to stderr.

    Without --partner it is read by the shipped mappings. With --compare: what differs from what is expected, field by field.
    Exit code: 0 equal, 1 different, 2 unreadable.
    """
    settings = Settings.from_environment()
    site = _site(settings, partner)
    claimant = _claimant(site, partner, agreement)
    with file.open("rb") as stream:
        examination = examine(stream, site, claimant, settings.clock.now(), _feed(grammar, partner))
    if claimant is None:
        unagreed.look(examination, settings.clock.now().date(), site.mapping_folders if grammar is not None else ())
    if compare is not None:
        raise typer.Exit(_compare(file, compare, examination, settings.language, as_json))
    check.tell_unmapped(examination)
    for entity in check.entities(examination):
        typer.echo(json.dumps(entity, ensure_ascii=False))
    answer = check.as_json(str(file), examination, settings.clock.now(), settings.language)
    if not as_json:
        for text in findings.lines(findings.all_of(answer), answer["format"], settings.language):
            typer.echo(text, err=True)
        if left_out := sum(examined.rows_left_out for examined in examination.messages):
            typer.echo(word("rows_left_out", settings.language).format(count=left_out), err=True)
    raise typer.Exit(check.exit_code(answer))


def _compare(file: Path, expected: Path, examination: Examination, language: Language, as_json: bool) -> int:
    """Print how what was mapped differs from what a file expects; the exit code."""
    wanted = expected_entities(expected)
    mapped = [
        (examined, inside.profile) for inside in examination.interchanges for examined in inside.messages if examined.entity is not None
    ]
    got = [examined.entity for examined, _ in mapped if examined.entity is not None]
    found = [(one, source_of(one, *mapped[one.document]) if one.document is not None else None) for one in differences(wanted, got)]
    heard = [*examination.unreadable, *(f for i in examination.interchanges for f in i.findings)]
    heard += [finding for examined in examination.messages for finding in examined.findings]
    if as_json:
        answer = {
            "file": str(file),
            "expected": str(expected),
            "equal": not found,
            "differences": [difference.as_json(source) for difference, source in found],
            "findings": [finding.as_json(language) for finding in heard],
        }
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        for difference, source in found:
            typer.echo(_differing(difference, source, examination.format, language))
        told = [finding.as_json(language) for finding in heard if finding.severity != "info"]
        for text in findings.lines(told, examination.format, language):
            typer.echo(text, err=True)
        said = word("equal", language) if not found else word(counted("differences", len(found)), language).format(count=len(found))
        counts = word("mapped_of_expected", language).format(mapped=len(got), expected=len(wanted))
        typer.echo(f"{file}: {said}{word('comma', language)}{counts}", err=True)
    if not examination.interchanges:
        return check.UNREADABLE
    return check.INVALID if found else check.VALID


def _differing(difference: Difference, source: Source | None, format_name: str | None, language: Language) -> str:
    """One line a difference: which fact, what was expected, what was found, and where that comes from."""
    values = [
        word("nothing", language) if value is None else json.dumps(value, ensure_ascii=False)
        for value in (difference.expected, difference.got)
    ]
    text = word("differs", language).format(path=difference.path, expected=values[0], found=values[1])
    if source is None:
        unsaid = difference.got is None and difference.document is not None
        return text + (word("from_nowhere", language) if unsaid else "")
    where = findings.spot(source.place.as_json(), format_name, language)
    told = f"{where} {json.dumps(source.raw, ensure_ascii=False)}" if source.raw else where or word("from_mapping", language)
    return text + word("from", language).format(where=told.strip(), row=" ".join(source.row.split()), mapping=source.mapping)


def ingest_command(files: Files, partner: OfPartner = None, agreement: ForAgreement = None, as_json: AsJson = False) -> None:
    """Land and process files as if they had been received from a partner, and say what became of them in the store.

    Exit code as of `check`, the worst of all files: 0 all of it taken, 1 something refused or held back, 2 unreadable.
    """
    hub = Hub.open()
    if partner is None:
        raise ConfigError("whose file is it? name the --partner")
    _claimant(hub.site, partner, agreement)  # before anything is landed that nobody could read
    worst = 0
    with Progress(console=Console(stderr=True), transient=True, disable=as_json and len(files) < 2) as progress:
        task = progress.add_task("ingest", total=len(files))
        for file in files:
            worst = max(worst, _ingest_one(hub, file, partner, agreement, as_json))
            progress.advance(task)
    raise typer.Exit(worst)


def _ingest_one(hub: Hub, file: Path, partner: str, agreement: str | None, as_json: bool) -> int:
    size, modified = file.stat().st_size, int(file.stat().st_mtime_ns)
    with file.open("rb") as stream:
        received = receive(
            hub,
            Reception(
                partner=partner,
                channel="cli",
                stream=stream,
                name=file.name,
                agreement=agreement,
                by="cli",
                delivery_key=f"{file.name}:{size}:{modified}",
            ),
        )
    worker.drain(hub)
    with hub.database.read() as connection:
        stored = ingested.ingested(connection, received.document_id, hub.settings.language)
        said = acknowledge.bytes_for(connection, hub.settings.home, received.document_id)
        unreadable = ingested.unreadable(connection, received.document_id)
    answer = {
        "file": str(file),
        "outcome": received.outcome,
        **stored,
        "acknowledgement": None if said is None else acknowledge.text_of(said),
    }
    if as_json:
        typer.echo(json.dumps(answer, ensure_ascii=False))
    else:
        typer.echo(f"{file}: document {received.document_id} ({received.outcome}), {answer['state']}")
        answering = registry.answering_of(answer["format"])
        for exchange in answer["exchanges"]:
            heard = exchange["state"] == "acknowledged" and answering is not None and exchange["type"] in answering.answers
            became = word("heard", hub.settings.language) if heard else exchange["state"]
            typer.echo(f"  exchange {exchange['id']}: {exchange['type']} {exchange['control'] or ''} {became}")
        for one in answer["answers"]:
            typer.echo(f"  {_heard(one, hub.settings.language)}")
        for text in findings.lines(findings.all_of(answer), answer["format"], hub.settings.language):
            typer.echo(f"  {text}")
    return check.UNREADABLE if unreadable else check.VALID if _taken(answer) else check.INVALID


def _heard(one: dict[str, Any], language: Language) -> str:
    """What an acknowledgement says of one document of ours."""
    ours = word("of_ours", language).format(exchange=one["exchange"], type=one["type"], number=one["number"] or "")
    verdict, said = word(f"heard_{one['verdict']}", language), f" ({one['said']})" if one["said"] else ""
    return f"{ours}: {verdict}{said}"


def _taken(answer: dict[str, Any]) -> bool:
    """Whether nothing of a document was refused or held back; what is only remarked (an order never placed) holds nothing back."""
    held = any(finding["severity"] == "error" and finding["action"] != "none" for finding in findings.all_of(answer))
    return answer["state"] == "processed" and bool(answer["interchanges"]) and not held


def write_command(
    file: OneFile,
    to: Annotated[str, typer.Option("--to", "--mapping", help="A mapping that writes, e.g. x12/850; `udihub mapping list` names all.")],
    partner: OfPartner = None,
    version: Annotated[str | None, typer.Option("--version", help="Version to write; the format's usual one if left out.")] = None,
) -> None:
    """Write canonical JSON (a file of one record) as a document on stdout, and on stderr what of the record the document does not say.
    Control numbers are 1: nothing is sent or stored."""
    from hub.writing import write_dry

    settings = Settings.from_environment()
    try:
        record = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise ConfigError(f"{file}: not readable as JSON: {error}") from error
    if not isinstance(record, dict):
        raise ConfigError(f"{file}: expected one JSON object")
    written = write_dry(_site(settings, partner), record, to, partner, version, settings.clock.now())
    typer.echo(written.content, nl=False)  # bytes: a workbook is no text
    for finding in written.findings:
        where = f"{finding.place.path}: " if finding.place.path else ""
        typer.echo(f"{word(finding.severity, settings.language):8} {finding.rule}  {where}{finding.text(settings.language)}", err=True)


def retry_command(document_id: int, reason: Annotated[str, typer.Option("--reason", help="Why; kept in the audit trail.")]) -> None:
    """Let a document that was put aside (DOC-95) be processed again."""
    hub = Hub.open()
    with hub.database.begin("cli") as uow:
        claims.retry(uow, document_id, reason)
    typer.echo(f"document {document_id} waits again")


def _site(settings: Settings, partner: str | None) -> Site:
    """The site; a file can be checked by its standard alone where there is none and no partner is named."""
    if partner is None and not (settings.site / "site.yaml").is_file():
        return Site.without_partners(settings.site) if settings.site.is_dir() else Site.empty()
    try:
        return Site.load(settings.site)
    except SiteError:
        if partner is not None:
            raise
        # a fault in somebody's agreement is no reason not to look at a bare file, which no agreement is asked of
        typer.echo(word("site_at_fault", settings.language).format(folder=settings.site), err=True)
        return Site.without_partners(settings.site)


def _feed(grammar: str | None, partner: str | None) -> str | None:
    """The feed that a file without a partner is said to be."""
    if grammar is None:
        return None
    if partner is not None:
        raise ConfigError("--grammar is for a file without --partner: an agreement names the grammar of its feed")
    format_name, _, name = grammar.partition("/")
    if not name or not isinstance(registry.format_named(format_name), FeedGuides):
        raise ConfigError(f"name the format and grammar of a feed, e.g. fixed/erp_stock, not {grammar!r}; `udihub grammar list` shows them")
    return grammar


def _claimant(site: Site, partner: str | None, agreement: str | None) -> Claimant | None:
    return claimant_of(site, partner, agreement) if partner is not None else None


def claimant_of(site: Site, partner: str, agreement: str | None) -> Claimant:
    """Whoever is said to send. Raises ConfigError for a partner or an agreement that the site does not have."""
    if partner not in site.partners:
        raise ConfigError(f"the site has no partner {partner!r}; did you mean {meant(partner, site.partners)}?")
    inbound = {known.agreement for known in site.inbound(partner)}
    if agreement is not None and agreement not in inbound:
        named, known = site.agreements.get(agreement), ", ".join(sorted(inbound)) or "-"
        if named is not None and named.partner == partner:
            raise ConfigError(f"agreement {agreement} is of what we send; what comes in is read by {known}")
        raise ConfigError(f"partner {partner} has no agreement {agreement!r}; what it sends is read by {known}")
    return Claimant(partner, agreement=agreement)


def _print_check(answer: dict[str, Any], language: Language) -> None:
    verdict = word("valid" if answer["valid"] else "not_valid", language)
    typer.echo(f"{answer['file']}: {answer['format'] or word('unknown_format', language)}, {verdict}")
    for text in findings.lines(findings.all_of(answer), answer["format"], language):
        typer.echo(f"  {text}")
    if answer["acknowledgement"]:
        typer.echo(f"  {word('answer', language)}")
        # segments of X12 are told line by line, whatever ends them
        typer.echo(indent(answer["acknowledgement"].replace("~\n", "~").replace("~", "~\n").rstrip(), "    "))
    opinion = answer.get("second_opinion")
    if opinion is not None:
        name = "opinion_none" if opinion["accepted"] is None else "opinion_accepted" if opinion["accepted"] else "opinion_refused"
        typer.echo(f"  {word(name, language).format(reason=opinion['refused_reason'])}")
        for remark in opinion["errors"]:
            typer.echo("    " + " ".join(str(value) for value in remark.values() if value not in (None, "")))
