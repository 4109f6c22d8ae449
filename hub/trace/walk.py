"""The walk over trace edges: every node that is reached from one, how far it is, and the edges on the way.

Down follows the goods towards the patient, up goes back to the material; names of one lot are passed in either direction and are no step.
The nearest come first, so that a walk that is cut has what is near.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from operator import itemgetter

import sqlalchemy as sa

from hub.store import walk as store
from hub.store.genealogy import node_by_key
from hub.store.keys import kind_of
from hub.store.region import Step, effective, named, tellers
from hub.store.walk import Direction, Filter, Row
from hub.trace import holding
from hub.trace.edges import HOLDING, EdgeKind
from hub.trace.holding import ALWAYS, UNIT, Held

_SAME_AS = int(EdgeKind.SAME_AS)
_UNPACKING = int(EdgeKind.UNPACKING)
_HOLDING = frozenset(int(kind) for kind in HOLDING)
_NODE, _KIND, _SINCE, _UNTIL = itemgetter(0), itemgetter(2), itemgetter(6), itemgetter(7)
"""Members of a row; times are never 0."""


@dataclass(slots=True)
class Walk:
    """What was reached. Depths and keys are by node id, nearest first; `steps` are the edges, as rows of `hub.store.walk`."""

    start: int
    upward: bool
    depths: dict[int, int]
    keys: dict[int, str]
    steps: Sequence[Row]
    truncated: bool = False
    as_of: int | None = None
    """Of a logistic unit: whose contents are meant, microseconds; null: all that ever were in it."""


def walk(connection: sa.Connection, key: str, direction: Direction, limit: int | None = None, chosen: Filter | None = None) -> Walk | None:
    """Walk from a node's key; null if it is unknown. At most `limit` edges are followed; `chosen` tells which count."""
    begun = _begin(connection, key, direction) if chosen is None else _begin_chosen(connection, key, direction)
    if begun is None:
        return None
    found, pending, special = begun
    steps: list[Row] = list(found.steps)
    cut = limit is not None and len(steps) > limit
    if pending and not cut:
        cut = _go_on(connection, found, steps, pending, limit, chosen)
        _name(connection, found)
        special = special or _SAME_AS in map(_KIND, steps) or any(map(_SINCE, steps)) or any(map(_UNTIL, steps))
    elif cut:
        _name(connection, found)
    found.truncated = cut
    found.steps = steps[:limit] if cut else steps
    if chosen is not None:
        found.as_of = chosen.effective if found.upward else None
        special |= _limit(connection, found, chosen)
    return _settled(connection, found) if special or cut else found


def _begin(connection: sa.Connection, key: str, direction: Direction) -> tuple[Walk, list[int], bool] | None:
    """What the first statement tells, what is still to be followed, and whether names or spans are among it that say what counts."""
    rows, whole = store.begin(connection, key, direction)
    if not rows:
        return None
    start = rows[0][0]
    depths, names = {start: 0}, {start: rows[0][8]}
    steps, again, special = rows[1:], False, False
    for node, origin, kind, _, _, _, since, until, name in steps:
        if node in depths:
            again = True
        else:
            depths[node] = depths[origin] + 1
            names[node] = name
        if kind == _SAME_AS or since or until:
            special = True
    if again:
        steps = list(dict.fromkeys(steps))
    pending: list[int] = []
    if not whole:
        last = depths[rows[-1][1]] if steps else 0  # what is nearer is known; what leaves these nodes is asked for again
        steps = [row for row in steps if depths[row[1]] < last]
        depths = {node: depth for node, depth in depths.items() if depth <= last}
        names = {node: names[node] for node in depths}
        pending = [node for node, depth in depths.items() if depth == last]
    return Walk(start, direction == "up", depths, names, steps), pending, special


def _begin_chosen(connection: sa.Connection, key: str, direction: Direction) -> tuple[Walk, list[int], bool] | None:
    known = node_by_key(connection, [key])
    if key not in known:
        return None
    start = known[key][0]
    return Walk(start, direction == "up", {start: 0}, {}, []), [start], False


def _go_on(connection: sa.Connection, found: Walk, steps: list[Row], pending: list[int], limit: int | None, chosen: Filter | None) -> bool:
    """Follow what is pending, which is equally far away, level by level; True when it was cut."""
    depths = found.depths
    direction: Direction = "up" if found.upward else "down"
    depth = depths[pending[0]]
    while pending:
        if chosen is None:
            asked, keys = store.levels(connection, pending, direction)
        else:
            asked, keys = [store.level(connection, pending, direction, chosen)], {}
        back = False
        for rows in asked:
            if back:  # a level before led to what had been reached already, and that is not followed again
                new = set(pending)
                rows = [row for row in rows if row[1] in new]
            depth += 1
            reached = dict.fromkeys(map(_NODE, rows), depth)
            back = back or not depths.keys().isdisjoint(reached)
            pending = [node for node in reached if node not in depths] if back else list(reached)
            depths.update(dict.fromkeys(pending, depth) if back else reached)
            steps += rows
            found.keys.update([(node, keys[node]) for node in pending if node in keys])
            if limit is not None and len(steps) > limit:
                return True
    return False


def _name(connection: sa.Connection, found: Walk) -> None:
    if len(found.keys) < len(found.depths):
        found.keys.update(store.keys_of(connection, [node for node in found.depths if node not in found.keys]))


def _settled(connection: sa.Connection, found: Walk) -> Walk:
    """With depths that count no step for another name, without steps that goods can't have taken in time, and what is then not reached."""
    kept: list[Step] = [Step._make(row[:8]) for row in found.steps]
    if holding.is_limited(kept):
        kinds = {node: kind_of(key) for node, key in found.keys.items()}
        at = effective(connection, {step.application_id for step in kept})
        begun = (found.as_of, found.as_of) if kinds[found.start] == UNIT else ALWAYS
        kept = holding.fitting(found.start, kept, found.upward, kinds, at, begun)
    depths = _depths(found.start, kept)
    return replace(
        found,
        depths=dict(sorted(depths.items(), key=lambda reached: reached[1])),
        keys={node: found.keys[node] for node in depths},
        steps=[step for step in kept if step.origin in depths],
    )


def _limit(connection: sa.Connection, found: Walk, chosen: Filter) -> bool:
    """Say in which span contents were inside the units that were passed, by what is chosen; True where that limits anything."""
    units = {row[1] if found.upward else row[0] for row in found.steps if row[2] in _HOLDING}
    rows = [row for row in store.level(connection, units, "up", replace(chosen, partner_id=None)) if row[2] in _HOLDING]
    said: dict[int, set[int]] = {}
    for row in rows:
        said.setdefault(row[1], set()).add(row[3])
    opened = {row[1] for row in rows if row[2] == _UNPACKING or len(said[row[1]]) > 1}
    rows = [row for row in rows if row[1] in opened]
    if not rows:
        return False
    applications = {row[3] for row in rows}
    at, by, names = effective(connection, applications), tellers(connection, applications), named(connection, {row[0] for row in rows})
    held = []
    for node, holder, kind, number, amount, unit in (row[:6] for row in rows):
        (sort, name), (told, teller) = names.get(node, ("", "")), by.get(number, ("", 0))
        quantity = None if amount is None else store.exact(amount)
        held.append(Held(node, holder, kind, number, at.get(number), quantity, unit, sort, name, told, teller))
    spans = holding.spans_of(held)
    found.steps = [_with_span(row, spans, found.upward) for row in found.steps]
    return any(span != ALWAYS for span in spans.values())


def _with_span(row: Row, spans: dict[tuple[int, int, int, int], holding.Span], upward: bool) -> Row:
    node, origin, kind, application_id = row[:4]
    content, holder = (node, origin) if upward else (origin, node)
    return (*row[:6], *spans.get((content, holder, kind, application_id), holding.ALWAYS))


def _depths(start: int, steps: Iterable[Step]) -> dict[int, int]:
    """Fewest steps to each node; another name of a lot is as near as the lot itself."""
    follow: dict[int, list[tuple[int, int]]] = {}
    for step in steps:
        follow.setdefault(step.origin, []).append((step.node, 0 if step.kind == _SAME_AS else 1))
    depths = {start: 0}
    queue = deque([start])
    while queue:
        here = queue.popleft()
        for node, length in follow.get(here, ()):
            depth = depths[here] + length
            if depth < depths.get(node, depth + 1):
                depths[node] = depth
                queue.append(node) if length else queue.appendleft(node)
    return depths
