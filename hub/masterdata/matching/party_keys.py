"""Which parties are compared: those that share a number, a telephone, an address, or a part of a name."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from hub.masterdata.matching.blocking import Ints, Keys, numbered
from hub.masterdata.matching.latin_names import neighbours
from hub.masterdata.matching.party_records import Names, PartyRecords


def party_keys(records: PartyRecords) -> Keys:
    """Keys of all records; their city cuts the wide blocks."""
    keys, every, city = Keys(), np.arange(records.count), records.city.codes
    for column in (records.tax, records.gln, records.licence, records.phone, records.address):
        keys.add(every, column.codes)
    keys.add(every, records.line.codes, city)
    tax = records.tax.texts.tolist()
    for part in (
        [text[: len(text) // 2] if len(text) > 8 else "" for text in tax],
        [text[len(text) // 2 :] if len(text) > 8 else "" for text in tax],
    ):
        keys.add(every, numbered(part), city)
    keys.add(every, numbered([text[6:] if len(text) > 12 else "" for text in tax]))
    for names, han in zip(records.names, (True, False), strict=True):
        _name_keys(keys, names, city, han)
    _sound_keys(keys, records)
    return keys


def _name_keys(keys: Keys, names: Names, city: Ints, han: bool) -> None:
    """Keys of the names of one script, and of their beginnings, ends and halves, so that a slip of the pen spoils only some."""
    every, which = np.arange(len(names.which)), names.which
    own, trade = names.own.codes, names.trade.codes
    shortest, start = (3, 2) if han else (5, 4)
    _slip_keys(keys, names, han, shortest)
    keys.add(every, own, trade)
    wholes = [name.own + name.trade.replace(" ", "") if name.own else "" for name in names.distinct]
    for texts in (wholes, [name.own for name in names.distinct]):
        halves = [len(text) // 2 if len(text) >= 2 * shortest else 0 for text in texts]
        for side in (
            [text[:half] for text, half in zip(texts, halves, strict=True)],
            [text[half:] if half else "" for text, half in zip(texts, halves, strict=True)],
        ):
            keys.add(every, numbered(side)[which])
    for part in ([name.own[:start] for name in names.distinct], [name.own[-start:] for name in names.distinct]):
        keys.add(every, np.where(city >= 0, numbered(part)[which], -1), city)
    first = numbered([name.own[:1] + name.own[2:3] for name in names.distinct])[which]
    keys.add(every, np.where(city >= 0, first, -1), trade, city)


def _slip_keys(keys: Keys, names: Names, han: bool, shortest: int) -> None:
    """The own name, and it with each of its letters left out: names one slip apart share one. A short rest needs the trade beside it."""
    which, every = names.which, np.arange(len(names.which))
    numbers: dict[str, int] = {}
    owns = [name.own for name in names.distinct]
    own, parts, of, short = numbered(owns, numbers), list[str](), list[int](), list[bool]()
    for at, text in enumerate(owns):
        if len(text) >= shortest:
            fewer = neighbours(text)
            parts += fewer
            of += [at] * len(fewer)
            short += [han and len(text) < 5] * len(fewer)
    trade = numbered([name.trade[:2] for name in names.distinct])
    part, names_of, needs = numbered(parts, numbers), np.array(of, dtype=np.int64), np.array(short, dtype=bool)
    for alone in (True, False):
        some = needs != alone
        row, at = _spread(which, names_of[some], len(owns))
        code = part[some][at]
        rows, codes = np.concatenate((every, row)), np.concatenate((own[which], code))
        if alone:
            keys.add(rows, codes)
        else:
            keys.add(rows, codes, trade[which[rows]])


def _spread(which: Ints, of: Ints, count: int) -> tuple[Ints, Ints]:
    """Records and parts: each record once for each part of its name. `of` says whose parts they are, in order."""
    sizes = np.bincount(of, minlength=count)
    starts = np.cumsum(sizes) - sizes
    many = sizes[which]
    rows = np.repeat(np.arange(len(which)), many)
    at = np.arange(len(rows)) - np.repeat(np.cumsum(many) - many, many) + starts[which[rows]]
    return rows, at


def _sound_keys(keys: Keys, records: PartyRecords) -> None:
    """How names are read, of both scripts together."""
    every = np.concatenate([np.arange(records.count)] * 2)
    city = np.concatenate([records.city.codes] * 2)
    heard = [[name.sound if len(name.sound) > 3 else "" for name in names.distinct] for names in records.names]
    whole = [[name.read if len(name.sound) > 3 else "" for name in names.distinct] for names in records.names]
    keys.add(every, _joined(heard, records))
    keys.add(every, _joined([[text[:5] for text in side] for side in heard], records), city)
    keys.add(every, _joined(whole, records))


def _joined(sides: Sequence[Sequence[str]], records: PartyRecords) -> Ints:
    numbers: dict[str, int] = {}
    return np.concatenate([numbered(side, numbers)[names.which] for side, names in zip(sides, records.names, strict=True)])
