"""Documents that no hub may take: damaged, foreign, malformed, repeated. Each has one clear answer and stops nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import combinations
from random import Random

from hub.demonstration.catalogue import Catalogue
from hub.demonstration.company import CHANNELS, JIANGNAN_POLYMER, ORGANISATIONS, RHEINTAL_TITAN, SUZHOU, Channel
from hub.demonstration.documents import Calendar, Receipt
from hub.demonstration.faults import PlantedFault
from hub.demonstration.feeds import items_csv, orders_json, receipts_xml
from hub.demonstration.mail import Mail, Posting
from hub.demonstration.orders import DELIVERED, RESPONDED, Deal, how_many
from hub.demonstration.x12_files import Envelope, TransactionSet, envelope_to, notice, order_response

DOCTYPE = '<!DOCTYPE Receipts [<!ENTITY hosts SYSTEM "file:///etc/hosts">]>'
DESCRIPTION = b"PID*F****"
"""A line that breaks off in the middle of a description is cut inside a segment, and that segment still has all it needs."""
PNG = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR"


@dataclass(slots=True)
class BadPost:
    """Slips the bad documents between the good ones."""

    rnd: Random
    calendar: Calendar
    catalogue: Catalogue
    mail: Mail
    deals: list[Deal]
    receipts: list[Receipt]
    late: list[tuple[Posting, PlantedFault]]
    _minutes: int = 170
    """Minutes before now at which the next late document is sent."""

    def post(self) -> None:
        """One to three documents of every kind. Whole interchanges that are refused come last in their mailbox's numbering."""
        makers: tuple[Callable[[], None], ...] = (
            self._miscounted_set,
            self._repeated,
            self._control_reused,
            self._empty,
            self._binary,
            self._unknown_set,
            self._unknown_version,
            self._unknown_partner,
            self._another_partners_envelope,
            self._wrong_receiver,
            self._wrong_interchange_control,
            self._truncated,
            self._doctype,
            self._duplicate_key,
            self._missing_column,
            self._wrong_charset,
        )
        for make in makers:
            for _ in range(how_many(self.rnd)):
                make()

    def _note(self, posting: Posting, kind: str, answer: str | None = None, **values: object) -> None:
        self.late.append((posting, PlantedFault(kind, {}, values, answer)))

    def _soon(self) -> datetime:
        self._minutes -= 2
        return self.calendar.now - timedelta(minutes=self._minutes)

    def _some_day(self, earliest: int = -20) -> datetime:
        return self.calendar.at(SUZHOU.zone, self.rnd.randint(earliest, -1), 17, self.rnd.randrange(60))

    def _channel(self) -> Channel:
        return self.rnd.choice(CHANNELS)

    def _open_deal(self, channel: Channel) -> Deal:
        return self.rnd.choice([deal for deal in self.deals if deal.ending == RESPONDED and deal.order.channel is channel])

    def _late_response(self, channel: Channel, at: datetime) -> TransactionSet:
        """A further 855 for an open order: believable, and nothing is missing without it."""
        return order_response(self._open_deal(channel).order, at.astimezone(channel.supplier.zone), "SO99999")

    def _miscounted_set(self) -> None:
        """Two 855s in one interchange, the second with a wrong SE01; it is sent again, right, an hour later."""
        used = {id(posting) for posting, _ in self.late}
        free = [
            deal
            for deal in self.deals
            if deal.fault is None and deal.response is not None and len(deal.response.sets) == 1 and id(deal.response) not in used
        ]
        pairs = [
            (one.response, other.response)
            for one, other in combinations(free, 2)
            if one.order.channel is other.order.channel and one.response is not None and other.response is not None
        ]
        if not pairs:
            return  # every clean response already plays a part in another fault of this kind
        pairs.sort(key=lambda pair: abs(pair[0].at - pair[1].at))
        first, second = self.rnd.choice(pairs[:6])
        wrong = replace(second.sets[0], miscounted=3)
        first.at = max(first.at, second.at)
        second.at = first.at + timedelta(hours=1)
        first.sets.append(wrong)
        honest = len(wrong.segments) + 2
        self._note(first, "wrong_segment_count", "997 AK9*P*2*2*1", set="0002", expected=str(honest), got=str(honest + wrong.miscounted))

    def _good(self, codes: tuple[str, ...]) -> Posting:
        """A clean interchange sent earlier that nothing else refers to."""
        taken = {id(posting.again or posting.same_control_as) for posting in self.mail.postings}
        faulty = {id(posting) for posting, _ in self.late}
        found = [
            posting
            for deal in self.deals
            if deal.fault is None and deal.ending == DELIVERED
            for posting in ([deal.response] if deal.response else []) + deal.others
            if posting.stem in codes and id(posting) not in taken | faulty and len(posting.sets) == 1
        ]
        return self.rnd.choice(found)

    def _repeated(self) -> None:
        first = self._good(("855", "856", "810"))
        posting = self._like(first, self._soon())
        posting.again = first
        self._note(posting, "interchange_repeated", "the first answer again")

    def _control_reused(self) -> None:
        first = self._good(("856", "810"))
        posting = self._like(first, self._soon())
        tag = {"856": "BSN", "810": "BIG"}[first.stem]
        body = tuple(_other_number(text) if text.startswith(tag + "*") else text for text in first.sets[0].segments)
        posting.sets = [replace(first.sets[0], segments=body)]
        posting.same_control_as = first
        self._note(posting, "control_reused", "TA1 R 025")

    def _like(self, first: Posting, at: datetime) -> Posting:
        channel = next(channel for channel in CHANNELS if channel.flow == first.flow)
        return self.mail.x12(at, channel, list(first.sets))

    def _empty(self) -> None:
        if self.rnd.random() < 0.5:
            self._note(self.mail.raw(self._some_day(), self._channel(), b""), "empty_file")
        else:
            organisation = self.rnd.choice(ORGANISATIONS)
            self._note(self.mail.file(self._some_day(), f"wms_receipts_{organisation.key}", b""), "empty_file")

    def _binary(self) -> None:
        self._note(self.mail.raw(self._some_day(), self._channel(), PNG + self.rnd.randbytes(480)), "binary_file")

    def _unknown_set(self) -> None:
        at = self._soon()
        posting = self.mail.x12(at, self._channel(), [notice("PLANT CLOSED FOR STOCKTAKING NEXT FRIDAY")])
        self._note(posting, "unknown_set", "997 R", set="864")

    def _unknown_version(self) -> None:
        at, channel = self._soon(), self._channel()
        usual = envelope_to(channel.supplier, channel.organisation)
        newer = replace(usual, version="006020", interchange_version=usual.version[:5])
        posting = self.mail.x12(at, channel, [self._late_response(channel, at)], envelope=newer)
        self._note(posting, "unknown_version", "997 R", version=newer.version)

    def _foreign(self, kind: str, channel: Channel, envelope: Envelope, answer: str) -> None:
        """An interchange whose envelope does not belong into this mailbox; its number counts in nobody's series."""
        at = self._soon()
        posting = self.mail.x12(at, channel, [self._late_response(channel, at)], envelope=envelope)
        posting.fixed_control = 770000 + self._minutes
        self._note(posting, kind, answer, sender=f"ZZ:{envelope.sender}", receiver=f"ZZ:{envelope.receiver}")

    def _unknown_partner(self) -> None:
        channel = self._channel()
        envelope = replace(envelope_to(channel.supplier, channel.organisation), sender="PACIFICTRD")
        self._foreign("unknown_partner", channel, envelope, "TA1 R 006")

    def _another_partners_envelope(self) -> None:
        channel = self._channel()
        other = RHEINTAL_TITAN if channel.supplier is JIANGNAN_POLYMER else JIANGNAN_POLYMER
        usual = envelope_to(channel.supplier, channel.organisation)
        self._foreign("another_partners_envelope", channel, replace(usual, sender=other.x12_id), "TA1 R 006")

    def _wrong_receiver(self) -> None:
        channel = self._channel()
        usual = envelope_to(channel.supplier, channel.organisation)
        self._foreign("wrong_receiver", channel, replace(usual, receiver="NOVAMEDUS"), "TA1 R 009")

    def _wrong_interchange_control(self) -> None:
        at, channel = self._soon(), self._channel()
        posting = self.mail.x12(at, channel, [self._late_response(channel, at)])
        posting.declared_offset = 1
        self._note(posting, "wrong_interchange_control", "TA1 R 001")

    def _truncated(self) -> None:
        at, channel = self._soon(), self._channel()
        posting = self.mail.x12(at, channel, [self._late_response(channel, at)])
        letters = self.rnd.randint(4, 9)
        posting.damage = lambda content: content[: content.rindex(DESCRIPTION) + len(DESCRIPTION) + letters]
        self._note(posting, "truncated_interchange", "TA1 R 023")

    def _doctype(self) -> None:
        receipt = self.rnd.choice(self.receipts)
        organisation = next(o for o in ORGANISATIONS if o.site_gln == receipt.site_gln)
        content = receipts_xml([replace(receipt, number=receipt.number + "-X")], doctype=DOCTYPE)
        content = content.replace(b"</DespatchNumber>", b"&hosts;</DespatchNumber>")
        self._note(self.mail.file(self._some_day(-3), f"wms_receipts_{organisation.key}", content), "xml_with_doctype")

    def _duplicate_key(self) -> None:
        channel = self.rnd.choice([channel for channel in CHANNELS if channel.organisation is SUZHOU])
        order = self._open_deal(channel).order
        at = self._some_day(-3)
        content = orders_json([replace(order, number=order.number + "9")], at)
        quantity = f'"quantity": {int(order.lines[0].quantity)},'.encode()
        content = content.replace(quantity, quantity + b' "quantity": 1,', 1)
        self._note(self.mail.file(at, "erp_orders_suzhou", content), "json_duplicate_key", key="quantity")

    def _missing_column(self) -> None:
        at = self._some_day()
        items = self.rnd.sample(self.catalogue.items, 3)
        posting = self.mail.file(at, "erp_items", items_csv(items, at, without="base_unit", revision=2))
        self._note(posting, "csv_missing_column", column="base_unit")

    def _wrong_charset(self) -> None:
        at = self._some_day()
        items = self.rnd.sample(self.catalogue.items, 2)
        posting = self.mail.file(at, "erp_items", items_csv(items, at, charset="gb18030", revision=2))
        self._note(posting, "wrong_charset", agreed="utf-8", sent="gb18030")


def _other_number(text: str) -> str:
    """The header segment with another document number in element 02."""
    parts = text.split("*")
    parts[2] += "B"
    return "*".join(parts)
