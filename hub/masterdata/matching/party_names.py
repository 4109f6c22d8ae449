"""Names of parties compared, in one script or across two: what is their own, and what is of the trade."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz, process
from rapidfuzz.distance import LCSseq, Levenshtein

from hub.masterdata.matching.blocking import Bools, Ints, Pairs
from hub.masterdata.matching.columns import lacking, leveled
from hub.masterdata.matching.company_names import shortened
from hub.masterdata.matching.party_records import PartyRecords

Level = npt.NDArray[np.int8]
_LONG = (4, 8)
"""Letters of a Chinese and of a Latin name from which on a slip of the pen is likelier than another company."""


class NamePairs:
    """Names of all records, ready to be compared; the first of two columns is Chinese, the second Latin."""

    def __init__(self, records: PartyRecords) -> None:
        han, latin = records.names
        self.own, self.trade, self.whole = (han.own, latin.own), (han.trade, latin.trade), (han.whole, latin.whole)
        self.sound, self.read = (han.sound, latin.own), (han.read, latin.whole)
        self.pinyin, self.meant = records.pinyin, records.meant

    def near(self, pairs: Pairs, known: Bools) -> Bools:
        """Where the names are not far apart, or it is `known` already that the pair is worth a close look."""
        near = known.copy()
        for own in self.own:
            near |= own.equal(pairs)
            near |= own.alike(pairs, own.both(pairs) & ~near, fuzz.ratio, 0.6) >= 0.6
        for whole in self.whole:
            near |= whole.alike(pairs, whole.both(pairs) & ~near, fuzz.ratio, 0.8) >= 0.8
        near |= self.sounds(pairs, ~near) > 0
        return near

    def levels(self, pairs: Pairs) -> tuple[Level, Level]:
        """Levels of the own names and of the trades."""
        han, trade_han = self._one_script(pairs, 0)
        latin, trade_latin = self._one_script(pairs, 1)
        names, trades = np.where(han > 0, han, latin), np.where(han > 0, trade_han, trade_latin)
        # A pinyin name and an English one of the same party have little in common; its Chinese name may stand beside one of them.
        better = (han == 0) | (latin >= 10) & ((han == 2) | (han == 3))
        names, trades = np.where(better, latin, names), np.where(better, trade_latin, trades)
        sounds = self.sounds(pairs, names < 5)
        cross = (names == 0) & ((self.sound[0].codes[pairs[0]] >= 0) | (self.sound[0].codes[pairs[1]] >= 0))
        names[cross] = 7
        names[cross & (self.pinyin[pairs[0]] | self.pinyin[pairs[1]])] = 6
        names[(sounds == 1) & ((names < 4) | cross)] = 8
        names[(sounds == 2) & ((names < 5) | cross)] = 9
        trades[cross] = self._translated(pairs, np.flatnonzero(cross))
        return names.astype(np.int8), trades.astype(np.int8)

    def _one_script(self, pairs: Pairs, script: int) -> tuple[Level, Level]:
        own, trade, whole = self.own[script], self.trade[script], self.whole[script]
        both, equal = own.both(pairs), own.equal(pairs)
        open_ = both & ~equal
        shares = own.alike(pairs, open_, fuzz.ratio, 0.3)
        length, lengths = own.lengths, whole.lengths
        # An edit takes out a letter and puts one in at most, and the share tells how many are left out and put in for one to be the other.
        apart = (1 - shares) * (length[pairs[0]] + length[pairs[1]])
        edits = own.distance(pairs, open_ & (apart < 4.5), 2)
        longer, shorter = np.maximum(length[pairs[0]], length[pairs[1]]), np.minimum(length[pairs[0]], length[pairs[1]])
        near = open_ & ((edits <= 1) & (longer >= (2 if script == 0 else 4)) | (edits <= 2) & (longer >= (5 if script == 0 else 9)))
        long = near & (longer >= _LONG[script])
        whole_edits = whole.distance(pairs, open_ & ~near & (shares >= 0.3), 2)
        long_whole = np.maximum(lengths[pairs[0]], lengths[pairs[1]])
        one_slip, two_slips = (4, 7) if script == 0 else (8, 14)
        slip = open_ & ~near & ((whole_edits <= 1) & (long_whole >= one_slip) | (whole_edits <= 2) & (long_whole >= two_slips))
        holds = self._holds(pairs, script, open_ & ~near & (shorter >= (2 if script == 0 else 4)), shorter)
        often = own.frequency()[pairs[0]]
        names = leveled(
            len(both), (1, both), (2, open_ & (shares >= 0.7)), (3, holds), (4, near | slip), (5, long), (10, equal),
            (11, equal & (often <= 40)), (12, equal & (often <= 6)),
        )  # fmt: skip
        stated, same = trade.both(pairs), trade.equal(pairs)
        one_empty = both & ((trade.codes[pairs[0]] >= 0) != (trade.codes[pairs[1]] >= 0))
        neither = both & (trade.codes[pairs[0]] < 0) & (trade.codes[pairs[1]] < 0)
        cut = np.zeros(len(both), dtype=bool)
        close = trade.distance(pairs, stated & ~same & (names >= 2), 1) <= 1
        ask = np.flatnonzero(stated & ~same & (names >= 2))
        cut[ask] = list(map(_shortened, *trade.of((pairs[0][ask], pairs[1][ask]))))
        trades = leveled(len(both), (1, stated), (2, one_empty), (3, stated & (cut | close)), (4, same | slip | neither))
        return names, trades

    def _holds(self, pairs: Pairs, script: int, where: Bools, shorter: Ints) -> Bools:
        """Where one name is part of the other; of Chinese ones also with characters left out between (`一院`, `第一人民医院`)."""
        own, ask = self.own[script], np.flatnonzero(where)
        some = pairs[0][ask], pairs[1][ask]
        holds = np.zeros(len(where), dtype=bool)
        if script == 0:
            common = process.cpdist(*own.of(some), scorer=LCSseq.similarity, workers=1, dtype=np.int64)
            holds[ask] = common == shorter[ask]
        else:
            holds[ask] = [one in other or other in one for one, other in zip(*own.of(some), strict=True)]
        return holds

    def _translated(self, pairs: Pairs, at: npt.NDArray[np.int64]) -> list[int]:
        """Levels of the trades of pairs that have no script in common: 4 where the words of one stand for the other's, 1 where not."""
        han, latin = self.trade
        found = []
        for one, other in zip(pairs[0][at], pairs[1][at], strict=True):
            zh, en = (one, other) if self.own[0].codes[one] >= 0 else (other, one)
            meant, said = self.meant.get(han.texts[zh]), latin.texts[en].split()
            found.append(0 if not meant or not said else 4 if 2 * sum(word in meant for word in said) > len(said) else 1)
        return found

    def sounds(self, pairs: Pairs, where: Bools) -> Level:
        """Where a Chinese name is read as the Latin one is written: 2, nearly 1."""
        found = np.zeros(len(where), dtype=np.int8)
        han, latin = self.sound
        for one, other in (pairs, pairs[::-1]):
            asked = np.flatnonzero(where & (found < 2) & (han.codes[one] >= 0) & (latin.codes[other] >= 0))
            there = one[asked], other[asked]
            ours, theirs = lacking(han.sets.take(there[0]), latin.sets.take(there[1]))
            all_ours, all_theirs = lacking(self.read[0].sets.take(there[0]), self.read[1].sets.take(there[1]))
            may = (np.minimum(ours, theirs) <= 1) | ((all_ours | all_theirs) == 0)  # `_heard` allows one letter, or a part of the other
            asked, there = asked[may], (there[0][may], there[1][may])
            read, said, whole, written = (
                texts.tolist()
                for texts in (han.texts[there[0]], latin.texts[there[1]], self.read[0].texts[there[0]], self.read[1].texts[there[1]])
            )
            heard = [
                2 if all_ == all_said and len(all_) > 6 else _heard(mine, theirs)
                for mine, theirs, all_, all_said in zip(read, said, whole, written, strict=True)
            ]
            found[asked] = np.maximum(found[asked], np.array(heard, dtype=np.int8))
        return found


def _heard(read: str, written: str) -> int:
    if len(read) < 4 or len(written) < 4:
        return 0
    if read == written:
        return 2
    if len(read) > 5 and Levenshtein.distance(read, written, score_cutoff=1) <= 1:
        return 1
    return int((len(read) > 5 and (written.startswith(read) or read in written)) or (len(written) > 5 and read.startswith(written)))


_shortened = lru_cache(maxsize=50_000)(shortened)
"""Trades are few: each two are compared once."""
