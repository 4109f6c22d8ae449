"""Which parties are compared: those that share a number, a telephone, an address, or a part of a name."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from hub.masterdata.matching.blocking import Ints, Keys, hashed
from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.party_records import Names, PartyRecords


def party_keys(records: PartyRecords) -> Keys:
    """Keys of all records; their city cuts the wide blocks."""
    keys, every, city = Keys(), np.arange(records.count), records.city.key
    for column in (records.tax, records.gln, records.licence, records.phone, records.address):
        keys.add(every, column.key)
    keys.add(every, records.line.key, city)
    tax = records.tax.texts.tolist()
    keys.add(every, hashed([text[: len(text) // 2] if len(text) > 8 else "" for text in tax]), city)
    keys.add(every, hashed([text[len(text) // 2 :] if len(text) > 8 else "" for text in tax]), city)
    keys.add(every, hashed([text[6:] if len(text) > 12 else "" for text in tax]))
    for names, han in zip(records.names, (True, False), strict=True):
        _name_keys(keys, names, city, han)
    _sound_keys(keys, records)
    return keys


def _name_keys(keys: Keys, names: Names, city: Ints, han: bool) -> None:
    """Keys of the names of one script, and of their beginnings, ends and halves, so that a slip of the pen spoils only some."""
    every, which, here = np.arange(len(names.which)), names.which, city != 0
    trade, owns = names.trade.key, names.owns
    shortest, start = (3, 2) if han else (5, 4)
    _slip_keys(keys, names, han, shortest)
    keys.add(every, names.own.key, trade)
    wholes = [name.whole if name.own and han else name.own + name.trade.replace(" ", "") if name.own else "" for name in names.distinct]
    for texts in (wholes, owns):
        halves = [len(text) // 2 if len(text) >= 2 * shortest else 0 for text in texts]
        keys.add(every, hashed([text[:half] for text, half in zip(texts, halves, strict=True)])[which])
        keys.add(every, hashed([text[half:] if half else "" for text, half in zip(texts, halves, strict=True)])[which])
    keys.add(every, hashed([own[:start] for own in owns])[which], city, where=here)
    keys.add(every, hashed([own[-start:] for own in owns])[which], city, where=here)
    keys.add(every, hashed([own[:1] + own[2:3] for own in owns])[which], trade, city, where=here)


def _slip_keys(keys: Keys, names: Names, han: bool, shortest: int) -> None:
    """The own name, and it with each of its letters left out: names one slip apart share one. A short rest needs the trade beside it."""
    which, every, owns = names.which, np.arange(len(names.which)), names.owns
    fewer = [neighbours(own) if len(own) >= shortest else () for own in owns]
    sizes = np.fromiter(map(len, fewer), dtype=np.int64, count=len(fewer))
    parts, own = hashed(list(chain.from_iterable(fewer))), hashed(owns)[which]
    short = np.fromiter(map(len, owns), dtype=np.int64, count=len(owns)) < (5 if han else 0)
    trade = hashed([name.trade[:2] for name in names.distinct])[which]
    row, at = _spread(which, sizes)
    rows, codes = np.concatenate((every, row)), np.concatenate((own, parts[at]))
    alone = np.concatenate((np.ones(len(every), dtype=bool), ~short[which[row]]))
    keys.add(rows, codes, where=alone)
    alone[: len(every)] = False
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
    every = np.concatenate([np.arange(records.count)] * 2)
    city = np.concatenate([records.city.key] * 2)
    heard = [[name.sound if len(name.sound) > 3 else "" for name in names.distinct] for names in records.names]
    whole = [[name.read if len(name.sound) > 3 else "" for name in names.distinct] for names in records.names]
    keys.add(every, _both(heard, records))
    keys.add(every, _both([[text[:5] for text in side] for side in heard], records), city)
    keys.add(every, _both(whole, records))


def _both(sides: Sequence[Sequence[str]], records: PartyRecords) -> Ints:
    return np.concatenate([hashed(side)[names.which] for side, names in zip(sides, records.names, strict=True)])
