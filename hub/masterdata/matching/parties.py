"""Parties compared: names in both scripts, what sets members of a group apart, numbers, telephone, address and place."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
from rapidfuzz import fuzz

from hub.masterdata.matching.blocking import Bools, Ints, Keys, Pairs
from hub.masterdata.matching.columns import leveled
from hub.masterdata.matching.party_keys import party_keys
from hub.masterdata.matching.party_names import NamePairs
from hub.masterdata.matching.party_records import PartyRecords
from hub.masterdata.matching.weights import FieldSpec, Levels

SPECS = (
    FieldSpec(
        "name",
        (
            "other",
            "alike",
            "holds",
            "near",
            "long_near",
            "sounds_otherwise",
            "unheard",
            "sounds_near",
            "sounds_same",
            "same_often",
            "same",
            "same_rare",
            "same_in_full",
        ),
    ),
    FieldSpec("alike_there", ("elsewhere", "at_one_place", "heard_elsewhere", "other_trade_at_one_place")),
    FieldSpec("trade", ("other", "left_out", "shortened", "same")),
    FieldSpec("form", ("other", "left_out", "same")),
    FieldSpec("name_place", ("other", "same")),
    FieldSpec("apart", ("other", "same")),
    FieldSpec("branch", ("other", "same")),
    FieldSpec("licence", ("other", "same"), identity=True),
    FieldSpec("tax_number", ("other", "near", "same"), identity=True),
    FieldSpec("gln", ("other", "same"), identity=True),
    FieldSpec("phone", ("other", "near", "same")),
    FieldSpec("address", ("other", "street_alike", "near", "same")),
    FieldSpec("city", ("other", "same")),
    FieldSpec("postal_code", ("other", "same")),
    FieldSpec("country", ("other", "same")),
)


class Parties:
    """A set of party records ready to be compared. `bodies` are canonical parties; members that are missing say nothing."""

    specs = SPECS
    learns = True

    def __init__(self, bodies: Sequence[Mapping[str, Any]]) -> None:
        self._records = PartyRecords(bodies)
        self._names = NamePairs(self._records)
        han, latin = (names.apart.texts.tolist() for names in self._records.names)
        apart = [zh or en for zh, en in zip(han, latin, strict=True)]
        self._tells = [np.array([word in text for text in apart], dtype=bool) for word in ("group", "holding")]

    def keys(self) -> tuple[Keys, Ints]:
        """Keys of all records, and what cuts their wide blocks: the place."""
        return party_keys(self._records), self._records.city.key

    def plausible(self, pairs: Pairs) -> tuple[Bools, Bools]:
        """Pairs that are worth a close look: a number in common, or names that are not far apart; and those without the numbers."""
        records = self._records
        soft = records.phone.equal(pairs) | records.address.equal(pairs)
        kept = soft | records.tax.equal(pairs) | records.gln.equal(pairs) | records.licence.equal(pairs)
        soft = self._names.near(pairs, soft)
        return kept | soft, soft

    def compare(self, pairs: Pairs) -> Levels:
        """The level of each field of each pair."""
        count, records = len(pairs[0]), self._records
        tax, both = records.tax, records.tax.both(pairs)
        edits = tax.distance(pairs, both & ~tax.equal(pairs), 2)
        here = records.address.both(pairs)
        streets, houses = records.street.equal(pairs), records.house.equal(pairs) | ~records.house.both(pairs)
        close = records.street.alike(pairs, here & ~streets, fuzz.token_sort_ratio, 0.8)
        name, trade = self._names.levels(pairs)
        places = leveled(count, (1, records.name_place.both(pairs)), (2, records.name_place.equal(pairs)))
        places = leveled(count, (1, records.name_city.both(pairs)), (2, records.name_city.equal(pairs)), (1, places == 1))
        here_too = records.city.equal(pairs) | ((places == 2) & ~records.city.both(pairs))
        name[(name == 12) & (trade == 4) & here_too & (places != 1)] = 13
        phone = leveled(count, (1, records.phone.both(pairs)), (2, records.line.equal(pairs)), (3, records.phone.equal(pairs)))
        at = leveled(
            count, (1, here), (2, (streets | (close >= 0.8)) & here), (3, here & (close >= 0.8) & houses), (4, here & streets & houses)
        )
        alike = (name >= 2) & (name <= 8) & (name != 6) & (trade != 1)
        one_place = (at >= 3) | (phone == 3)
        branch = leveled(count, (1, records.branch.both(pairs)), (2, records.branch.equal(pairs)))
        number = leveled(count, (1, both), (2, both & (edits <= 2)), (3, tax.equal(pairs)))
        number[(number == 3) & (branch == 1)] = 0  # a warehouse has its company's
        form = records.names[1].form
        fields = [
            name,
            leveled(
                count,
                (1, alike),
                (2, alike & one_place),
                (3, ((name == 8) | (name == 9)) & (at == 1)),  # many Chinese names are read alike
                (4, (name >= 10) & (trade == 1) & one_place),  # members of a group
            ),
            trade,
            leveled(
                count,
                (2, (form.codes[pairs[0]] >= 0) ^ (form.codes[pairs[1]] >= 0)),
                (1, form.both(pairs)),
                (3, form.equal(pairs)),
                (0, ~records.names[1].own.both(pairs)),
            ),
            places,
            self._members(pairs),
            branch,
            records.licence.agreement(pairs),
            number,
            records.gln.agreement(pairs),
            phone,
            at,
            records.city.agreement(pairs),
            records.postal.agreement(pairs),
            records.country.agreement(pairs),
        ]
        return np.stack(fields, axis=1)

    def _members(self, pairs: Pairs) -> npt.NDArray[np.int8]:
        """Whether both names say the same of what sets members of a group apart; of names in two scripts, each in its own."""
        han, latin = (names.apart for names in self._records.names)
        found: npt.NDArray[np.int8] = np.where(han.both(pairs), han.agreement(pairs), latin.agreement(pairs)).astype(np.int8)
        for tells in self._tells:
            found[(found == 0) & (tells[pairs[0]] != tells[pairs[1]])] = 1
        return found
