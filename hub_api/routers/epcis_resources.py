"""EPCIS by what events speak of: types, EPCs, business steps, places, dispositions, each with its events (EPCIS 2.0 clause 12.2)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Response

from connectors.formats.epcis.writing import Results
from data_contracts.errors import NotFoundError
from data_contracts.events.members import EVENT_TYPES
from data_contracts.events.things import identify
from data_contracts.events.vocabulary import Kind, vocabulary
from hub.store import event_views
from hub.store.event_views import AskedThings, Conditions
from hub.store.keys import thing_key
from hub.store.visibility import CHILD, CLASS, EPC, INPUT, OUTPUT, PARENT
from hub.visibility.answers import QUERY, is_class, spelled, uri_of
from hub_api.epcis import (
    EVENTS,
    LISTS,
    PageDependency,
    asked_in,
    collection,
    epcis_problems,
    events,
    next_link,
    sight_of,
    versions,
)
from hub_api.errors import EPCIS_ROOT
from hub_api.paging import after_key, after_number
from hub_api.security import CallerDependency, HubDependency

router = APIRouter(prefix=EPCIS_ROOT, tags=["epcis"], dependencies=[Depends(versions)])
_ONE: dict[int | str, dict[str, Any]] = {**LISTS, **epcis_problems(404)}
_ITS_EVENTS: dict[int | str, dict[str, Any]] = {**EVENTS, **epcis_problems(404)}
_BELOW = ("events",)
_THINGS = (EPC, PARENT, CHILD, INPUT, OUTPUT)
_CLASSES = tuple(part + CLASS for part in (EPC, CHILD, INPUT, OUTPUT))
_NAMES: tuple[tuple[str, str, str, str, Kind | None], ...] = (
    ("bizSteps", "step", "EQ_bizStep", "Business steps", "biz_step"),
    ("bizLocations", "location", "EQ_bizLocation", "Business locations", None),
    ("readPoints", "read_point", "EQ_readPoint", "Read points", None),
    ("dispositions", "disposition", "EQ_disposition", "Dispositions", "disposition"),
)
"""Resource, column, parameter of a question, what they are, vocabulary."""


@router.get("/eventTypes", summary="List types of events", response_class=Response, responses=LISTS)
def event_types(_caller: CallerDependency) -> Response:
    """The five types of the standard."""
    return collection(EVENT_TYPES)


@router.get("/eventTypes/{event_type}", summary="Show a type of events", response_class=Response, responses=_ONE)
def event_type(event_type: Annotated[str, Path(description="`ObjectEvent` …", max_length=200)], _caller: CallerDependency) -> Response:
    """What can be asked of it: its events."""
    if event_type not in EVENT_TYPES:
        raise NotFoundError(f"there is no type of events {event_type}")
    return collection(_BELOW)


@router.get("/eventTypes/{event_type}/events", summary="Events of a type", response_class=Response, responses=_ITS_EVENTS)
def events_of_type(
    event_type: Annotated[str, Path(description="`ObjectEvent` …", max_length=200)],
    page: PageDependency,
) -> Response:
    """Events of one type that answer the query string too, which is as that of `/events`."""
    if event_type not in EVENT_TYPES:
        raise NotFoundError(f"there is no type of events {event_type}")
    return events(page, asked_in(page.request, {"eventType": [event_type]}), Results(QUERY))


# --- things --------------------------------------------------------------------------------------------------------------
@router.get("/epcs", summary="List EPCs", response_class=Response, responses=LISTS)
def epcs(
    page: PageDependency,
) -> Response:
    """All things that stand in events, the first ones first. A page may be short, or empty, before the last."""
    after = after_number(page.token)
    with page.hub.database.read() as connection:
        found, position = event_views.things(connection, sight_of(page.caller), after, page.per_page)
    link = next_link(page.request, None if position is None else str(position))
    return collection([spelled(uri_of(key), page.wanted.epc_format) for _, key in found], headers=link)


@router.get("/epcs/{epc:path}/events", summary="Events of an EPC", response_class=Response, responses=_ITS_EVENTS)
def events_of_epc(
    epc: Annotated[str, Path(description="EPC or class, as URN or Digital Link, percent-encoded.", max_length=2000)],
    page: PageDependency,
) -> Response:
    """Events in which a thing, or a class of things (a lot, all of a GTIN), stands in any part."""
    name = "MATCH_anyEPCClass" if is_class(epc) else "MATCH_anyEPC"
    return events(page, asked_in(page.request, {name: [epc]}), Results(QUERY))


@router.get("/epcs/{epc:path}", summary="Show an EPC", response_class=Response, responses=_ONE)
def epc_resources(
    epc: Annotated[str, Path(description="EPC or class, as URN or Digital Link, percent-encoded.", max_length=2000)],
    hub: HubDependency,
    caller: CallerDependency,
) -> Response:
    """What can be asked of it: its events."""
    thing = identify(epc)
    roles = _CLASSES if thing.level == "class" else _THINGS
    asked = Conditions(things=(AskedThings(frozenset((thing_key(thing), role) for role in roles)),))
    with hub.database.read() as connection:
        if not event_views.count(connection, sight_of(caller), asked, 1):
            raise NotFoundError(f"there is no {epc}")
    return collection(_BELOW)


# --- words ---------------------------------------------------------------------------------------------------------------
def _listing(column: str) -> Callable[..., Response]:
    def listed(
        page: PageDependency,
    ) -> Response:
        """Those that stand in events, in order."""
        with page.hub.database.read() as connection:
            found = event_views.words(connection, sight_of(page.caller), column, after_key(page.token), page.per_page + 1)
        link = next_link(page.request, found[page.per_page - 1] if len(found) > page.per_page else None)
        return collection([spelled(one, page.wanted.epc_format) for one in found[: page.per_page]], headers=link)

    return listed


def _showing(column: str, kind: Kind | None) -> Callable[..., Response]:
    def shown(
        name: Annotated[str, Path(description="Bare term, or URI percent-encoded.", max_length=2000)],
        hub: HubDependency,
        caller: CallerDependency,
    ) -> Response:
        """What can be asked of it: its events."""
        value = identify(name).uri if kind is None else vocabulary(kind).term(name) or name
        with hub.database.read() as connection:
            if not event_views.knows_word(connection, sight_of(caller), column, value):
                raise NotFoundError(f"there is no {name}")
        return collection(_BELOW)

    return shown


def _finding(parameter: str) -> Callable[..., Response]:
    def found(
        name: Annotated[str, Path(description="Bare term, or URI percent-encoded.", max_length=2000)],
        page: PageDependency,
    ) -> Response:
        """Its events that answer the query string too, which is as that of `/events`."""
        return events(page, asked_in(page.request, {parameter: [name]}), Results(QUERY))

    return found


for _resource, _column, _parameter, _what, _kind in _NAMES:
    router.add_api_route(
        f"/{_resource}", _listing(_column), summary=f"List {_what.lower()}", response_class=Response, responses=LISTS,
        operation_id=f"list_{_resource}",
    )  # fmt: skip
    router.add_api_route(
        f"/{_resource}/{{name:path}}/events", _finding(_parameter), summary=f"{_what}: events of one", response_class=Response,
        responses=_ITS_EVENTS, operation_id=f"events_of_{_resource}",
    )  # fmt: skip
    router.add_api_route(
        f"/{_resource}/{{name:path}}", _showing(_column, _kind), summary=f"{_what}: show one", response_class=Response,
        responses=_ONE, operation_id=f"show_{_resource}",
    )  # fmt: skip
