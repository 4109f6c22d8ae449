"""What all of EPCIS's interface shares: versions, the forms in which a reader wants its events, pages, and its own words for problems.

EPCIS 2.0 clause 12 and its OpenAPI; what it leaves to the server: a page has at most 1,000 events, tokens of pages do not expire,
documents of up to `UDIHUB_MAX_BODY` bytes are captured, and 1.0 to 1.2 are read, while answers are 2.0.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.metadata import version
from typing import Annotated, Any, Literal
from urllib.parse import urlencode

from fastapi import Depends, FastAPI, Header, Query, Request, Response
from fastapi.responses import JSONResponse
from fastapi.routing import APIRoute
from starlette.requests import HTTPConnection

from connectors.formats.epcis.writing import Results
from data_contracts.errors import HubError, RefusedError
from data_contracts.events.members import CONTEXT
from data_contracts.findings import Language
from hub.store.credentials import Caller
from hub.store.lots import Sight
from hub.visibility.answers import MOST_PER_PAGE, PER_PAGE, TURNS, EpcFormat, EventPage, UnwritableError, answer, as_json, as_xml
from hub.visibility.capture import NotOneEventError
from hub.visibility.named import SubscriptionError
from hub.visibility.question import QuestionError, TooComplexError, TooLargeError, from_query_string, read_question
from hub.visibility.schedule import ScheduleError
from hub_api.dependencies import accepted, render
from hub_api.errors import EPCIS_ROOT, PROBLEM, ProblemError, answered, exception_of, problem, status_of
from hub_api.paging import after_key, encode
from hub_api.security import CallerDependency, HubDependency

VERSION = "2.0.0"
JSON, JSON_LD, XML = "application/json", "application/ld+json", "application/xml"
VERSIONS = {"GS1-EPCIS-Version": VERSION, "GS1-CBV-Version": VERSION}
_OURS = frozenset(("perPage", "nextPageToken"))
_LONGEST_URL = 8_000
Syntax = Literal["json", "xml"]

EXAMPLE_EVENT: dict[str, Any] = {
    "recordTime": "2026-11-22T08:00:01Z",
    "type": "ObjectEvent",
    "eventTime": "2026-11-22T16:00:00+08:00",
    "eventTimeZoneOffset": "+08:00",
    "eventID": "urn:uuid:6b1f0c1e-3f57-4c0a-9d0b-2f3f5a8f0001",
    "epcList": ["https://id.gs1.org/00/106926365000000015"],
    "action": "OBSERVE",
    "bizStep": "shipping",
    "readPoint": {"id": "https://id.gs1.org/414/6926365000018"},
}
EXAMPLE_RESULTS: dict[str, Any] = {
    "@context": [CONTEXT],
    "type": "EPCISQueryDocument",
    "schemaVersion": "2.0",
    "creationDate": "2026-11-22T08:00:02Z",
    "epcisBody": {"queryResults": {"queryName": "SimpleEventQuery", "resultsBody": {"eventList": [EXAMPLE_EVENT]}}},
}
_EXAMPLE_XML = '<epcisq:EPCISQueryDocument xmlns:epcisq="urn:epcglobal:epcis-query:xsd:2" schemaVersion="2.0" creationDate="…">…'
_EXAMPLE_LIST = {"@context": [CONTEXT], "type": "Collection", "member": ["https://id.gs1.org/00/106926365000000015"]}
PerPage = Annotated[int, Query(alias="perPage", ge=1, le=MOST_PER_PAGE, description="So many at most; a page may be shorter.")]
NextPageToken = Annotated[
    str | None, Query(alias="nextPageToken", max_length=800, description='From the `Link` header of the page before (rel="next").')
]


# --- what the reader wants -----------------------------------------------------------------------------------------------
@dataclass(frozen=True, slots=True)
class Wishes:
    """The forms in which a reader wants what it asks for."""

    syntax: Syntax
    media_type: str
    epc_format: EpcFormat
    web: bool
    """Terms of the vocabulary in XML as web addresses."""
    spaces: Mapping[str, str]
    """Prefixes of the reader's own (GS1-Extensions)."""


def versions(
    epcis_min: Annotated[str | None, Header(alias="GS1-EPCIS-Min", description="Lowest version of EPCIS that you take.")] = None,
    epcis_max: Annotated[str | None, Header(alias="GS1-EPCIS-Max", description="Highest version of EPCIS that you take.")] = None,
    cbv_min: Annotated[str | None, Header(alias="GS1-CBV-Min", description="Lowest version of the vocabulary that you take.")] = None,
    cbv_max: Annotated[str | None, Header(alias="GS1-CBV-Max", description="Highest version of the vocabulary that you take.")] = None,
    epcis: Annotated[str | None, Header(alias="GS1-EPCIS-Version", description="Version of EPCIS in which you speak.")] = None,
    cbv: Annotated[str | None, Header(alias="GS1-CBV-Version", description="Version of the vocabulary in which you speak.")] = None,
) -> None:
    """Refuse a reader that does not take 2.0, and a sender that speaks what is newer."""
    for stated in (epcis, cbv):
        if stated is not None and _numbers(stated) > (2, 0):
            raise ProblemError(406, "Not acceptable", f"This is EPCIS {VERSION} with CBV {VERSION}.")
    for low, high in ((epcis_min, epcis_max), (cbv_min, cbv_max)):
        if (low is not None and _numbers(low) > (2, 0)) or (high is not None and _numbers(high) < (2, 0)):
            raise ProblemError(406, "Not acceptable", f"This is EPCIS {VERSION} with CBV {VERSION}.")


def _numbers(text: str) -> tuple[int, int]:
    parts = text.split(".")
    if not all(part.isascii() and part.isdigit() and len(part) < 6 for part in parts):
        raise ProblemError(400, "Bad request", f"{text[:40]} is no version.")
    return int(parts[0]), int(parts[1]) if len(parts) > 1 else 0


def wishes(
    request: HTTPConnection,
    epc_format: Annotated[
        Literal["No_Preference", "Always_GS1_Digital_Link", "Always_EPC_URN", "Never_Translates"],
        Header(alias="GS1-EPC-Format", description="How things are named in the answer."),
    ] = "Always_GS1_Digital_Link",
    cbv_xml_format: Annotated[
        Literal["No_Preference", "Always_Web_URI", "Always_URN", "Never_Translates"],
        Header(alias="GS1-CBV-XML-Format", description="How XML writes terms of the vocabulary."),
    ] = "No_Preference",
    extensions: Annotated[
        str | None, Header(alias="GS1-Extensions", max_length=2000, description="Prefixes of your own: `ext=https://ns.example.com/`.")
    ] = None,
) -> Wishes:
    """Read the headers. Raises a 406 problem for a syntax that is not spoken."""
    media_type = _media_type(request)
    syntax: Syntax = "xml" if media_type.endswith("xml") else "json"
    named: EpcFormat = "Never_Translates" if epc_format == "No_Preference" else epc_format
    spaces = dict(part.strip().partition("=")[::2] for part in (extensions or "").split(",") if "=" in part)
    return Wishes(syntax, media_type, named, cbv_xml_format == "Always_Web_URI", spaces)


def _media_type(request: HTTPConnection) -> str:
    wanted = accepted(request, "accept") or ["*/*"]
    for one in wanted:
        kind = one.lower()
        if kind in (JSON, JSON_LD, XML, "text/xml"):
            return kind
        if kind in ("*/*", "application/*"):
            return JSON
    raise ProblemError(406, "Not acceptable", f"Answers are {JSON}, {JSON_LD} or {XML}.")


WishesDependency = Annotated[Wishes, Depends(wishes)]


def sight_of(caller: Caller) -> Sight:
    """Whose events a caller may see."""
    return Sight(caller.organisations, caller.partner_id)


# --- answers -------------------------------------------------------------------------------------------------------------
def told(payload: Any, status: int = 200, headers: Mapping[str, str] | None = None) -> Response:
    """JSON with the versions of the standard."""
    return render(payload, status, {**VERSIONS, **(headers or {})})


def collection(members: Sequence[str], headers: Mapping[str, str] | None = None) -> Response:
    """A list of the standard's kind."""
    return told({"@context": [CONTEXT], "type": "Collection", "member": list(members)}, headers=headers)


def next_link(request: Request, token: str | None) -> dict[str, str]:
    """The `Link` header that leads to the next page; none on the last."""
    if token is None:
        return {}
    rest = [(name, value) for name, value in request.query_params.multi_items() if name != "nextPageToken"]
    query = urlencode([*rest, ("nextPageToken", encode(token))])
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1")
    return {"Link": f'<{path}?{query}>; rel="next"'}


def asked_in(request: Request, fixed: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Parameters of the query string, with those that the path says."""
    if len(request.url.query) > _LONGEST_URL:
        raise ProblemError(414, "Address too long", "Keep the question as a named query: POST /queries.")
    given = from_query_string((name, value) for name, value in request.query_params.multi_items() if name not in _OURS)
    for name in fixed or {}:
        if name in given:
            raise QuestionError(f"{name} is said by the path already")
    return {**given, **(fixed or {})}


@dataclass(frozen=True, slots=True)
class PageAsked:
    """Who asks for which page of a list, and how it is to be written."""

    request: Request
    hub: HubDependency
    caller: Caller
    wanted: Wishes
    per_page: int
    token: str | None


def page_asked(
    request: Request,
    hub: HubDependency,
    caller: CallerDependency,
    wanted: WishesDependency,
    per_page: PerPage = PER_PAGE,
    token: NextPageToken = None,
) -> PageAsked:
    """What all lists are asked with."""
    return PageAsked(request, hub, caller, wanted, per_page, token)


PageDependency = Annotated[PageAsked, Depends(page_asked)]


def events(page: PageAsked, parameters: Mapping[str, Any], results: Results) -> Response:
    """A page of events that answer, in the reader's syntax."""
    question = read_question(parameters, page.wanted.spaces)
    with page.hub.database.read() as connection:
        found = answer(connection, sight_of(page.caller), question, after_key(page.token), page.per_page)
    return written(page.hub, found, page.wanted, results, next_link(page.request, found.next))


def written(hub: HubDependency, page: EventPage, wanted: Wishes, results: Results, headers: Mapping[str, str]) -> Response:
    """Events as an EPCISQueryDocument."""
    now = hub.clock.now()
    if wanted.syntax == "xml":
        content = as_xml(page.events, now, results, wanted.epc_format, web=wanted.web)
    else:
        content = as_json(page.events, now, results, wanted.epc_format)
    return Response(content, 200, {**VERSIONS, **headers}, media_type=wanted.media_type)


def answer_options(app: FastAPI) -> None:
    """Let every resource of EPCIS tell, by OPTIONS, what may be done there and in which versions."""
    methods: dict[str, set[str]] = {}
    for route in app.routes:
        if isinstance(route, APIRoute) and f"{route.path}/".startswith(f"{EPCIS_ROOT}/"):
            methods.setdefault(route.path, set()).update(route.methods)
    for path, allowed in methods.items():
        app.router.routes.append(_options(path, frozenset(allowed)))


@cache
def _options(path: str, allowed: frozenset[str]) -> APIRoute:
    capture = path.startswith(f"{EPCIS_ROOT}/capture")

    def options(hub: HubDependency, _caller: CallerDependency) -> Response:
        headers = {
            **VERSIONS,
            "Allow": ", ".join(("OPTIONS", *sorted(allowed))),
            "GS1-EPCIS-Min": "1.0" if capture else VERSION,
            "GS1-EPCIS-Max": VERSION,
            "GS1-CBV-Min": "1.0" if capture else VERSION,
            "GS1-CBV-Max": VERSION,
            "GS1-EPC-Format": ", ".join(TURNS),
            "GS1-CBV-XML-Format": "Always_URN, Always_Web_URI",
            "GS1-Vendor-Version": version("udihub"),
        }
        if capture:
            headers |= {"GS1-EPCIS-Capture-File-Size-Limit": str(hub.settings.max_body), "GS1-Capture-Error-Behaviour": "all"}
        return Response(status_code=204, headers=headers)

    return APIRoute(path, options, methods=["OPTIONS"], include_in_schema=False)


# --- problems ------------------------------------------------------------------------------------------------------------
_REFUSALS: tuple[tuple[type[RefusedError], int, str, str], ...] = (
    (QuestionError, 400, "Bad request", "QueryParameterException"),
    (TooComplexError, 413, "Too complex", "QueryTooComplexException"),
    (TooLargeError, 413, "Too large", "QueryTooLargeException"),
    (SubscriptionError, 400, "Bad request", "SubscriptionControlsException"),
    (ScheduleError, 400, "Bad request", "SubscriptionControlsException"),
    (NotOneEventError, 400, "Bad request", "ValidationException"),
    (UnwritableError, 406, "Not acceptable", "NotAcceptableException"),
)


def answer_refusals(app: FastAPI) -> None:
    """Teach an application the standard's exceptions."""
    for kind, status, title, name in _REFUSALS:
        app.add_exception_handler(kind, _handler(status, title, name))


def refusal(error: Exception, language: Language) -> JSONResponse:
    """The answer to a request that is refused before it becomes a stream, in the reader's language."""
    if isinstance(error, ProblemError):
        return problem(language, error.status, error.title, error.detail, error.headers, kind=exception_of(error.status), **error.more)
    for kind, status, title, name in _REFUSALS:
        if isinstance(error, kind):
            return problem(language, status, title, str(error), kind=f"epcisException:{name}")
    status, title = status_of(error) if isinstance(error, HubError) else (500, "Error")
    return problem(language, status, title, str(error) if status < 500 else None, kind=exception_of(status))


def _handler(status: int, title: str, name: str) -> Any:
    async def handle(request: Request, error: Exception) -> Response:
        return answered(request, status, title, str(error), kind=f"epcisException:{name}")

    return handle


_REASONS = {
    400: "The question or the document is wrong.", 401: "Not authenticated.", 403: "Refused.", 404: "Unknown, or not yours to see.",
    406: "A syntax or version that is not spoken.", 409: "The name, or the eventID with other content, is taken.",
    413: "Too large, or more events than wanted.", 414: "The address is too long: keep the question as a named query.",
    415: "No JSON-LD and no XML.", 429: "Too many refused keys.",
}  # fmt: skip


def epcis_problems(*statuses: int) -> dict[int | str, dict[str, Any]]:
    """OpenAPI responses for these statuses, with the standard's names of problems."""
    shape = {"$ref": "#/components/schemas/Problem"}
    return {
        status: {
            "description": _REASONS[status],
            "content": {
                PROBLEM: {
                    "schema": shape,
                    "example": {"type": exception_of(status), "title": _REASONS[status], "status": status},
                }
            },
        }
        for status in statuses
    }


def say_400(schema: dict[str, Any]) -> None:
    """Take what the framework says of 422 out of the description of EPCIS's resources, which know 400 only."""
    for path, operations in schema["paths"].items():
        if f"{path}/".startswith(f"{EPCIS_ROOT}/"):
            for operation in operations.values():
                operation["responses"].pop("422", None)
    for name in ("HTTPValidationError", "ValidationError"):
        schema["components"]["schemas"].pop(name, None)


LINKED = {"Link": {"description": 'Where the next page is (rel="next").', "schema": {"type": "string"}}}
EVENTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "Events.",
        "content": {
            JSON: {"schema": {"type": "object"}, "example": EXAMPLE_RESULTS},
            XML: {"schema": {"type": "string"}, "example": _EXAMPLE_XML},
        },
        "headers": LINKED,
    },
    **epcis_problems(400, 401, 406, 413, 414, 429),
}
"""Answers of whatever lists events."""
LISTS: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "A collection.",
        "content": {JSON: {"schema": {"type": "object"}, "example": _EXAMPLE_LIST}},
        "headers": LINKED,
    },
    **epcis_problems(400, 401, 406, 429),
}
"""Answers of whatever lists names."""
