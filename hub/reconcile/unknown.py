"""What ORD-18 says of an order, or a line of it, that a document names and nobody knows: what is meant, and what to do."""

from __future__ import annotations


def unknown(line: str) -> dict[str, str]:
    """What of the order is not known, and what to do: the order as such, or only its line.

    Of an order that somebody else has no more is said than of one that nobody has.
    """
    if line:
        return {
            "what": f"that order has no line {line}",
            "what_zh": f"该订单没有行 {line}",
            "remedy": "Correct the line in the document, or send the order change that brings it.",
            "remedy_zh": "请更正单据中的行号，或发送增加该行的订单变更。",
        }
    return {
        "what": "no order of this number that concerns this sender is known",
        "what_zh": "没有与该发送方有关的此编号订单",
        "remedy": (
            "If the order is on its way, this ends when it comes; else send the order, or correct the number in the document. "
            "Where the order names its supplier by another code, add that code to the partner (gln, party)."
        ),
        "remedy_zh": (
            "如订单尚未到达，到达后自动结束；否则请补发订单，或更正单据中的订单号。"
            "如订单以其他编码指明供应商，请在合作伙伴文件中补充该编码（gln、party）。"
        ),
    }
