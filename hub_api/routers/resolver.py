"""The GS1 Digital Link resolver: whoever scans a label is sent on (GS1-Conformant resolver 1.2), with a key unless the site opens it.

The paths are those of a Digital Link itself, `/01/06901234500059/10/L1`, so that a domain that points here is the whole set-up. Open to
everybody, it gives the links of the site's `labels.yaml` and devices' web sites, to any origin; with a key also the hub's own.
"""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Path, Query, Request, Response

from data_contracts.identifiers import digital_link
from hub.labels import resolver
from hub.labels.resolver import LINKSET, Link, Resource, Visitor
from hub.labels.settings import VOCABULARY, link_type
from hub.runtime import Hub
from hub.store.credentials import Caller
from hub.store.lots import Sight
from hub_api.dependencies import LanguageDependency, accepted, render
from hub_api.errors import ProblemError, problems
from hub_api.routers.labels import sight_of
from hub_api.security import Given, HubDependency, caller_of, sees_all

router = APIRouter(tags=["labels"])
_ALL = frozenset({"linkset", "all"})
"""Asks for all links as a document; `all` is the older word."""
_CONTEXT = (
    '<https://ref.gs1.org/standards/resolver/linkset-context>; rel="http://www.w3.org/ns/json-ld#context"; type="application/ld+json"'
)
_PATHS = ("/01/{value:path}", "/00/{value:path}", "/414/{value:path}", "/417/{value:path}")
_OPEN = {
    "access-control-allow-origin": "*",
    "access-control-allow-methods": "GET, HEAD, OPTIONS",
    "access-control-allow-headers": "Accept, Accept-Language",
    "access-control-expose-headers": "Link, Location",
    "cross-origin-resource-policy": "cross-origin",
}
_EXAMPLE = {
    "linkset": [
        {
            "anchor": "https://id.gs1.org/01/06901234500059",
            "description": "Orthia bone screw",
            f"{VOCABULARY}defaultLink": [{"href": "https://www.example.com/products/06901234500059", "title": "Product"}],
            f"{VOCABULARY}pip": [
                {"href": "https://www.example.com/products/06901234500059", "title": "Product", "type": "text/html", "hreflang": ["en"]}
            ],
        }
    ]
}
_SELF = {
    "name": "UDIHub",
    "resolverRoot": "https://id.example.com",
    "supportedPrimaryKeys": list(resolver.KEYS),
    "supportedLinkType": [{"namespace": VOCABULARY, "prefix": "gs1:"}],
    "linkTypeDefaultCanBeLinkset": False,
}
_ANSWERS: dict[int | str, dict[str, Any]] = {
    200: {"description": "All links (RFC 9264).", "content": {LINKSET: {"schema": {"type": "object"}, "example": _EXAMPLE}}},
    300: {
        "description": "Several links that nothing tells apart.",
        "content": {LINKSET: {"schema": {"type": "object"}, "example": _EXAMPLE}},
    },
    307: {
        "description": "There it is: the `Location`.",
        "content": {"text/plain": {"schema": {"type": "string"}, "example": "https://www.example.com/products/06901234500059"}},
    },
    **problems(400, 401, 404, 422, 429, s400="No right Digital Link: the findings say why."),
}


def visitor_caller(request: Request, hub: HubDependency, given: Given) -> Caller | None:
    """Who asks; nobody in particular where the site opens its resolver and no key is shown. A wrong key stays wrong."""
    if given is None and hub.site.labels.resolver.open and "authorization" not in request.headers:
        return None
    return caller_of(request, given)


VisitorDependency = Annotated[Caller | None, Depends(visitor_caller)]


@router.get("/.well-known/gs1resolver", summary="Describe the resolver", response_class=Response, responses={
    200: {"description": "What it resolves.", "content": {"application/json": {"schema": {"type": "object"}, "example": _SELF}}},
    **problems(401, 429),
})  # fmt: skip
def describe(request: Request, hub: HubDependency, _caller: VisitorDependency) -> Response:
    """The resolver description file: primary keys and types of links that it knows."""
    return render({**_SELF, "name": hub.site.name, "resolverRoot": _root(hub, request)}, headers=_headers(hub))


def resolve(
    request: Request,
    hub: HubDependency,
    caller: VisitorDependency,
    language: LanguageDependency,
    _value: Annotated[str, Path(alias="value", description="The key's value and its qualifiers, `06901234500059/10/L1`.")],
    linkType: Annotated[  # noqa: N803 - the standard's own spelling
        str | None, Query(description="`gs1:pip`, the address of a type, or `linkset` for all links.", max_length=300)
    ] = None,
) -> Response:
    """Send whoever scanned this on to where its question is answered, or tell all links with `linkType=linkset`."""
    path = request.scope.get("raw_path", request.url.path.encode()).decode("latin-1").rstrip("/")
    query = request.url.query
    read = digital_link.parse(f"https://resolver{path}{'?' if query else ''}{query}", associations=False, short_gtins=True)
    if not read.valid:
        raise ProblemError(400, "Bad request", "This is no right Digital Link.", findings=[one.as_json(language) for one in read.findings])
    with hub.database.read() as connection:
        found = resolver.resolve(
            connection, read.elements, hub.site.labels, _visitor(hub, caller), _base(request), today=hub.clock.now().date()
        )
    if linkType in _ALL or (linkType is None and _first_wish(request) == LINKSET):
        return _linkset(hub, found.linkset(_root(hub, request)))
    if linkType is None:
        return _redirect(hub, request, found.default, path)
    wanted = link_type(linkType)
    links = found.of_type(wanted) if wanted is not None else ()
    if not links:
        raise ProblemError(404, "Not found", f"There is no link of type {linkType}.", headers=_headers(hub))
    meant = resolver.chosen(links, accepted(request, "accept-language"), accepted(request, "accept"))
    if len(meant) > 1:
        return _linkset(hub, _only(found, meant, _root(hub, request)), 300)
    return _redirect(hub, request, meant[0], path)


def options(hub: HubDependency, _caller: VisitorDependency) -> Response:
    """Tell a browser what it may do from another origin."""
    return Response(status_code=204, headers={**_headers(hub), "Allow": "GET, HEAD, OPTIONS"})


for _path in _PATHS:
    router.add_api_route(
        _path, resolve, methods=["GET"], summary=f"Resolve a Digital Link of key ({_path[1:].partition('/')[0]})", responses=_ANSWERS,
        response_class=Response, operation_id=f"resolve_{_path[1:].partition('/')[0]}",
    )  # fmt: skip
    router.add_api_route(_path, resolve, methods=["HEAD"], include_in_schema=False)
    router.add_api_route(_path, options, methods=["OPTIONS"], include_in_schema=False)


def _visitor(hub: Hub, caller: Caller | None) -> Visitor:
    if caller is None:
        return Visitor(Sight(), known=False, staff=False)
    return Visitor(sight_of(caller), known=True, staff=caller.partner_id is None and sees_all(hub, caller))


def _base(request: Request) -> str:
    return str(request.base_url).rstrip("/")


def _root(hub: Hub, request: Request) -> str:
    """What our labels begin with, where the site says so; else where we were found."""
    return hub.site.labels.root if "root" in hub.site.labels.model_fields_set else _base(request)


def _headers(hub: Hub) -> dict[str, str]:
    return dict(_OPEN) if hub.site.labels.resolver.open else {}


def _linkset(hub: Hub, document: dict[str, Any], status: int = 200) -> Response:
    return render(document, status, {**_headers(hub), "Link": _CONTEXT, "Vary": "Accept, Accept-Language"}, LINKSET)


def _only(found: Resource, links: tuple[Link, ...], root: str) -> dict[str, Any]:
    anchor = digital_link.write(found.levels[0].elements, root)
    return {"linkset": [{"anchor": anchor, "description": found.name, links[0].type: [link.as_json() for link in links]}]}


def _redirect(hub: Hub, request: Request, link: Link, path: str) -> Response:
    """307, so that a scanner asks again next time; the address of all links stands beside it."""
    rest = "&".join(part for part in request.url.query.split("&") if part and not part.startswith("linkType="))
    target = resolver.forwarded(link.href, rest) if link.forward_query else link.href
    headers = {
        **_headers(hub),
        "Location": target,
        "Link": f'<{path}?linkType=linkset>; rel="linkset"; type="{LINKSET}"',
        "Vary": "Accept, Accept-Language",
    }
    return Response(target, 307, headers, media_type="text/plain")


def _first_wish(request: Request) -> str | None:
    return next(iter(accepted(request, "accept")), None)
