"""What a partner's guide means by the codes of its APERAK is the agreement's to say."""

from __future__ import annotations

from typing import Any

import pytest

from connectors.formats.edifact import ANSWERING, FORMAT
from connectors.spec import STRICT, Profile
from tests.connectors.formats.edifact.samples import messages, one

GUIDE = {"errors": {"1": "accept", "Z07": "warn", "Z09": "refuse", "Z07::92": "refuse", "QTY:LOT": "accept"}}


def heard(head: str, *errors: str, profile: Profile = STRICT) -> tuple[str, tuple[str, ...]]:
    (found,) = messages(one("APERAK", [head, "RFF+ON:4500000123", *errors]))
    assert found.findings == []
    (said,) = ANSWERING.read(found, profile)
    assert said.number == "4500000123"
    return said.verdict, said.unknown


@pytest.mark.parametrize(
    ("head", "errors", "verdict", "unknown"),
    [
        ("BGM+305+A1+9", ["ERC+1", "FTX+AAI+++taken"], "accepted", ()),
        ("BGM+313+A1+9", ["ERC+1"], "accepted", ()),  # the guide says what its code means, whatever it puts into BGM
        ("BGM+305+A1+9", ["ERC+1", "ERC+Z07"], "partly", ()),
        ("BGM+305+A1+9", ["ERC+Z07", "ERC+Z09"], "rejected", ()),
        ("BGM+305+A1+9", ["ERC+Z07::92"], "rejected", ()),  # the buyer's own list means another thing by it
        ("BGM+305+A1+9", ["ERC+Z07::91"], "partly", ()),
        ("BGM+305+A1+9", ["ERC+QTY:LOT"], "accepted", ()),
        ("BGM+305+A1+9", ["ERC+QTY"], "received", ("QTY",)),
        ("BGM+305+A1+9", ["ERC+1", "ERC+X:Y:Z"], "received", ("X:Y:Z",)),
        ("BGM+305+A1+9", ["ERC+Z09", "ERC+X"], "rejected", ("X",)),
        ("BGM+305+A1+9+RE", ["ERC+1", "ERC+X"], "rejected", ("X",)),
        ("BGM+312+A1+9", ["ERC+1", "ERC+X"], "partly", ("X",)),  # BGM takes it; what X means is for a person
        ("BGM+312+A1+9", ["ERC+X"], "accepted", ()),
        ("BGM+313+A1+9", ["ERC+X"], "rejected", ()),  # BGM says no by itself
        ("BGM+312+A1+9", ["ERC+Z09"], "rejected", ()),
    ],
)
def test_codes_of_errors_mean_what_the_agreement_says(head: str, errors: list[str], verdict: str, unknown: tuple[str, ...]) -> None:
    assert heard(head, *errors, profile=Profile(options={"aperak": GUIDE})) == (verdict, unknown)


def test_without_an_agreement_on_them_a_code_decides_nothing_and_is_told() -> None:
    assert heard("BGM+305+A1+9", "ERC+1") == ("received", ("1",))
    assert heard("BGM+305+A1+9+RE", "ERC+1") == ("rejected", ())
    assert heard("BGM+305+A1+9") == ("accepted", ())


def test_codes_of_bgm_are_the_agreements_too() -> None:
    guide = Profile(options={"aperak": {"accepted": "23", "rejected": "27"}})
    assert heard("BGM+23+A1+9", "ERC+X", profile=guide) == ("accepted", ())
    assert heard("BGM+27+A1+9", profile=guide) == ("rejected", ())
    turned = Profile(options={"aperak": {"accepted": "313", "rejected": "27"}})
    assert heard("BGM+313+A1+9", profile=turned) == ("accepted", ())


@pytest.mark.parametrize(
    ("options", "told"),
    [
        ({"aperak": GUIDE, "control_totals": [1, "2"]}, []),
        ({"aperak": {"errors": {"Z01": "acept"}}}, [("aperak.errors.Z01", "accept, warn, refuse", "acept")]),
        ({"aperak": {"erors": {}}}, [("aperak.erors", "accepted, errors, rejected", None)]),
        ({"aperak": {"errors": ["Z01"]}}, [("aperak.errors", "CODE: accept | warn | refuse", "['Z01']")]),
        ({"aperak": "313"}, [("aperak", "accepted, errors, rejected", "313")]),
        ({"control_totals": [7]}, [("control_totals", "1, 2, 3, 4, 10, 11, 12, 16", "7")]),
        ({"control_totals": "1"}, []),
    ],
)
def test_what_an_agreement_says_wrongly_is_told_and_means_nothing(options: dict[str, Any], told: list[tuple[str, str, str | None]]) -> None:
    assert list(FORMAT.wrong_options(options)) == told
    heard("BGM+305+A1+9", "ERC+Z01", profile=Profile(options=options))
