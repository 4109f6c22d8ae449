"""One exchange: what it is, what became of it and why, the message opened at the marked places, and another chance for it."""

from __future__ import annotations

from collections.abc import Callable

from nicegui import ui

from hub import exchange as exchanges
from hub import outbound
from hub_api.console.asking import ask_why
from hub_api.console.frame import Visit, console_page, go, section, show, show_first_mark, title
from hub_api.console.markup import Child, chip, el, facts, link, row, table, when
from hub_api.console.opened import Opened, open_exchange, record, source
from hub_api.console.sentences import because, findings_list, message_of, partly, state

_OVER = frozenset({"superseded"})
_OF_CORRECTIONS = frozenset({"fields", "corrections"})


@console_page("/exchanges/{id}", under="exchanges")
async def exchange(visit: Visit) -> None:
    """Identity, states, findings, message, record, acknowledgements, replays."""
    exchange_id = visit.path_id()
    opened = await visit.read(lambda connection: open_exchange(visit, connection, exchange_id))
    shown, say = opened.shown, visit.say
    title(
        visit,
        f"{say('exchange.title')} {exchange_id}",
        state(visit, shown["state"]),
        partly(visit, shown["rows_left_out"]),
        state(visit, shown["acknowledgement"]),
    )
    show(_identity(visit, opened))
    if visit.may_mend:
        _chances(visit, opened)
    if shown["findings"]:
        show(section(say("exchange.findings"), findings_list(visit, shown["findings"], format_name=shown["format"])))
    show(el("div", source(visit, opened), record(visit, opened), cls="split"))
    show_first_mark()
    show(el("div", _history(visit, opened), _answers(visit, opened), cls="split"))


def _identity(visit: Visit, opened: Opened) -> Child:
    shown, say = opened.shown, visit.say
    mentioned: list[Child] = []
    for name, values in shown["keys"].items():
        for value in values if isinstance(values, list) and name not in _OF_CORRECTIONS else ():
            mentioned.append(link(value, f"/orders/{value}", cls="key") if name == "orders" else chip(value, "quiet"))
            mentioned.append(" ")
    origin = shown["origin"]
    return facts(
        [
            (say("exchanges.message"), " ".join(part for part in (message_of(visit, shown), shown["version"]) if part)),
            (say("exchanges.number"), (shown["business_key"] or "").partition("/")[2]),
            (say("exchanges.partner"), shown["partner"]),
            (say("exchange.organisation"), opened.organisation),
            (say("exchanges.direction"), visit.word("direction", shown["direction"])),
            (say("exchanges.control"), shown["control"]),
            (say("exchanges.recorded"), when(shown["recorded_at"])),
            (say("exchange.document"), link(shown["document_id"], f"/documents/{shown['document_id']}") if shown["document_id"] else None),
            (say("exchange.agreement"), shown["agreement"]),
            (say("exchange.origin"), link(f"#{origin}", f"/exchanges/{origin}") if origin else None),
            (say("exchange.reason"), because(visit, shown["reason"]) or None),
            (say("exchange.rows_left_out"), shown["rows_left_out"] or None),
            (say("exchange.mentions"), mentioned or None),
        ]
    )


def _history(visit: Visit, opened: Opened) -> Child:
    say = visit.say
    later = [
        el("li", link(f"#{one['id']}", f"/exchanges/{one['id']}"), " ", state(visit, one["state"]), " ", because(visit, one["reason"]))
        for one in opened.shown["replays"]
    ]
    return section(
        say("exchange.history"),
        table(
            [say("exchange.at"), say("exchanges.state"), say("exchange.actor"), say("exchange.reason")],
            (
                row((when(one["at"]), "time"), state(visit, one["state"]), one["actor"], because(visit, one["reason"]))
                for one in opened.shown["history"]
            ),
        ),
        el("h3", say("exchange.replays")) if later else None,
        el("ul", *later) if later else None,
        cls="panel",
    )


def _answers(visit: Visit, opened: Opened) -> Child:
    say = visit.say
    given = opened.shown["acknowledgements"]
    if not given:
        return section(say("exchange.answers"), el("p", say("exchange.no_answers"), cls="nothing"), cls="panel")
    return section(
        say("exchange.answers"),
        table(
            [say("exchange.kind"), say("exchange.verdict"), say("exchange.route"), say("exchanges.recorded")],
            (
                row(one["kind"], state(visit, one["verdict"]), visit.word("outbox", one["state"]), (when(one["recorded_at"]), "time"))
                for one in given
            ),
        ),
        cls="panel",
    )


def _chances(visit: Visit, opened: Opened) -> None:
    """Buttons for what this exchange allows; each asks for a reason."""
    shown, hub = opened.shown, visit.hub
    number = int(shown["id"])
    with ui.element("div").classes("actions"):
        if shown["direction"] == "in" and shown["state"] not in _OVER:
            keep = {"kept": True}
            again = lambda actor, reason: exchanges.replay(hub, number, actor, reason, drop_corrections=not keep["kept"])  # noqa: E731
            _ask(visit, "replay", again, keep if "corrections" in shown["keys"] else None)
        if shown["direction"] == "in" and shown["state"] in ("quarantined", "settled", "applied", "waiting") and opened.entity is not None:
            ui.button(visit.say("exchange.correct"), on_click=lambda: go(f"/quarantine/{number}")).props("outline no-caps dense")
        if shown["direction"] == "out":
            _resend(visit, number)
            _ask(visit, "copy", lambda actor, reason: outbound.copy(hub, number, actor, reason))


def _resend(visit: Visit, number: int) -> None:
    """The button that sends again, which also asks whether what is older than the partner's last word is to go."""
    asked = {"superseded": False}

    def work(actor: str, reason: str) -> int:
        exchanges.resend(visit.hub, number, actor, reason, although_superseded=asked["superseded"])
        return number

    def more() -> None:
        ui.checkbox(visit.say("exchange.although_superseded")).bind_value(asked, "superseded").mark("although-superseded")

    ask_why(visit, "exchange.resend", work, f"/exchanges/{number}", more)


def _ask(visit: Visit, what: str, work: Callable[[str, str], int], keep: dict[str, bool] | None = None) -> None:
    """A button that asks for the reason; on success the page of the exchange that came of it.

    With `keep` it also asks whether corrections are kept, and leaves the answer there.
    """

    def kept() -> None:
        ui.checkbox(visit.say("exchange.keep_corrections")).bind_value(keep, "kept").mark("keep-corrections")

    ask_why(visit, f"exchange.{what}", work, lambda made: f"/exchanges/{made}", kept if keep is not None else None)
