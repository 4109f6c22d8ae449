"""Which parties are compared: those that share a number, a telephone, an address, or a part of a name."""

from __future__ import annotations

import numpy as np

from hub.masterdata.matching.blocking import Ints, Keys
from hub.masterdata.matching.party_records import Names, PartyRecords
from hub.masterdata.matching.spans import Spans


def party_keys(records: PartyRecords) -> Keys:
    """Keys of all records; their city cuts the wide blocks."""
    keys, every, city = Keys(), np.arange(records.count), records.city.key
    for column in (records.tax, records.gln, records.licence, records.phone, records.address):
        keys.add(every, column.key)
    keys.add(every, records.line.key, city)
    tax = Spans(records.tax.texts.tolist())
    half, long = tax.lengths // 2, tax.lengths > 8
    keys.add(every, tax.part(0, half, long), city)
    keys.add(every, tax.part(half, tax.lengths, long), city)
    keys.add(every, tax.part(6, tax.lengths, tax.lengths > 12))
    for names, han in zip(records.names, (True, False), strict=True):
        _name_keys(keys, names, city, han)
    _sound_keys(keys, records)
    return keys


def _name_keys(keys: Keys, names: Names, city: Ints, han: bool) -> None:
    """Keys of the names of one script, and of their beginnings, ends and halves, so that a slip of the pen spoils only some."""
    every, which, here = np.arange(len(names.which)), names.which, city != 0
    trade, own = names.trade.key, Spans(names.owns)
    shortest, start = (3, 2) if han else (5, 4)
    _slip_keys(keys, names, own, han, shortest)
    keys.add(every, names.own.key, trade)
    wholes = [name.whole if name.own and han else name.own + name.trade.replace(" ", "") if name.own else "" for name in names.distinct]
    for texts in (Spans(wholes), own):
        half, long = texts.lengths // 2, texts.lengths >= 2 * shortest
        keys.add(every, texts.part(0, half, long)[which])
        keys.add(every, texts.part(half, texts.lengths, long)[which])
    keys.add(every, own.part(0, start)[which], city, where=here)
    keys.add(every, own.part(own.lengths - start, own.lengths)[which], city, where=here)
    keys.add(every, own.part(0, 1)[which], own.part(2, 3)[which], trade, city, where=here & (own.lengths > 0)[which])


def _slip_keys(keys: Keys, names: Names, own: Spans, han: bool, shortest: int) -> None:
    """The own name, and it with each of its letters left out: names one slip apart share one. A short rest needs the trade beside it."""
    which, every, whole = names.which, np.arange(len(names.which)), own.whole()[names.which]
    sizes, parts = own.without_one(own.lengths >= shortest)
    short = own.lengths < (5 if han else 0)
    trade = Spans([name.trade for name in names.distinct]).part(0, 2)[which]
    row, at = _spread(which, sizes)
    rows, codes = np.concatenate((every, row)), np.concatenate((whole, parts[at]))
    alone = np.concatenate((whole != 0, ~short[which[row]]))
    keys.add(rows, codes, where=alone)
    alone[: len(every)] = whole == 0
    keys.add(rows, codes, trade[rows], where=~alone)


def _spread(which: Ints, sizes: Ints) -> tuple[Ints, Ints]:
    """Records and parts: each record once for each part of its name, of which there are `sizes`."""
    starts = np.cumsum(sizes) - sizes
    many = sizes[which]
    rows = np.repeat(np.arange(len(which)), many)
    at = np.arange(len(rows)) - np.repeat(np.cumsum(many) - many - starts[which], many)
    return rows, at


def _sound_keys(keys: Keys, records: PartyRecords) -> None:
    """How names are read, of both scripts together."""
    han, latin = records.names
    both = [*han.distinct, *latin.distinct]
    which = np.concatenate((han.which, latin.which + len(han.distinct)))
    every = np.concatenate([np.arange(records.count)] * 2)
    city = np.concatenate([records.city.key] * 2)
    heard = Spans([name.sound for name in both])
    long = heard.lengths > 3
    keys.add(every, heard.part(0, heard.lengths, long)[which])
    keys.add(every, heard.part(0, 5, long)[which], city)
    read = Spans([name.read for name in both])
    keys.add(every, read.part(0, read.lengths, long)[which])
