"""How things are connected: the kinds of trace edges, and which of them carry goods from lot to lot and to shipments.

An edge points the way the goods go, from raw material towards the patient: material lot → production → finished lot → serial, carton,
shipment → place. Following edges forwards is "down" (where did it go), backwards is "up" (what is it made of, where from).
Kinds are named after the business steps of the GS1 Core Business Vocabulary 2.0, clause 7.1, where it has one.
"""

from __future__ import annotations

from enum import IntEnum


class EdgeKind(IntEnum):
    """What an edge says. The numbers are stored: never renumber, only add."""

    PACKING = 1
    """lot or serial → the logistic unit that holds it"""
    COMMISSIONING = 2
    """lot → serial of that lot"""
    NESTING = 3
    """logistic unit → the logistic unit that holds it"""
    SHIPPING = 4
    """logistic unit, or a lot without one → shipment"""
    ARRIVING = 5
    """shipment → place it was sent to"""
    RECEIVING = 6
    """lot or logistic unit → receipt"""
    STORING = 7
    """receipt → place that received"""
    CONSUMING = 8
    """input lot → production event"""
    CREATING = 9
    """production event → output lot"""
    MAKING = 10
    """production event → place of production"""
    SAME_AS = 11
    """the same lot under another name; always stored both ways, so that either direction passes it"""
    UNPACKING = 12
    """lot, serial or logistic unit → the unit that it was taken out of: it had been in there until then. From a unit to
    itself: everything was taken out"""


HOLDING = frozenset({EdgeKind.PACKING, EdgeKind.NESTING, EdgeKind.UNPACKING})
"""Edges that say what is, or was, inside a logistic unit."""
CARRYING = HOLDING | {EdgeKind.SHIPPING}
"""Edges by which goods come into a shipment as they are, not used up in something else."""
FLOW = frozenset(
    {*HOLDING, EdgeKind.COMMISSIONING, EdgeKind.SHIPPING, EdgeKind.CONSUMING, EdgeKind.CREATING, EdgeKind.SAME_AS},
)
"""Edges by which a lot gets into other lots and into shipments. The others end at receipts and places."""
