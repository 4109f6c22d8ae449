"""Both languages say the same things, and everything that pages say is there."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import hub_api.console
from hub_api.console.sentences import path_in_words
from hub_api.console.texts import LANGUAGES, all_texts, say, word

CODE = Path(hub_api.console.__file__).parent
_HOLES = re.compile(r"{(\w+)}")


@pytest.mark.parametrize("key", sorted(all_texts()))
def test_text_is_in_both_languages_with_the_same_holes(key: str) -> None:
    texts = all_texts()[key]
    assert set(texts) == set(LANGUAGES)
    assert all(texts.values())
    assert len({tuple(sorted(_HOLES.findall(text))) for text in texts.values()}) == 1


def test_every_key_that_is_said_exists() -> None:
    said = {
        (path.name, key)
        for path in CODE.rglob("*.py")
        for key in re.findall(r'(?:say|nothing)\((?:visit, |language, )?"([a-z_]+\.[a-z_]+)"', path.read_text(encoding="utf-8"))
    }
    assert len(said) > 80
    assert not {one for one in said if one[1] not in all_texts()}


def test_every_navigation_entry_has_a_name() -> None:
    for path in (CODE / "pages").glob("*.py"):
        for key in re.findall(r'nav="(\w+)"', path.read_text(encoding="utf-8")):
            assert say("zh-CN", f"frame.{key}")


def test_every_page_has_a_path_of_its_own() -> None:
    paths = [path for file in (CODE / "pages").glob("*.py") for path in re.findall(r'@console_page\("([^"]+)"', file.read_text())]
    assert len(paths) == len(set(paths)) >= 10


def test_unknown_words_stay_as_they_are() -> None:
    assert word("en", "state", "quarantined") == "held"
    assert word("zh-CN", "state", "something_new") == "something_new"
    assert word("en", "state", None) == "–"
    with pytest.raises(KeyError):
        say("en", "frame.no_such_text")


@pytest.mark.parametrize(
    ("path", "en", "zh"),
    [
        ("lines[3].unit", "line 4: unit", "第 4 行：unit"),
        ("lines[*].gtin", "every line that the case is about: gtin", "该事项涉及的每行：gtin"),
        ("lines[0]", "line 1", "第 1 行"),
        ("lines[1].allowances[0].amount", "line 2: allowance 1: amount", "第 2 行：第 1 项折让：amount"),
        ("strange[2].x", "strange 3: x", "第 3 strange：x"),
        ("ship_to.gln", "ship_to.gln", "ship_to.gln"),
        ("row/EAN", "row/EAN", "row/EAN"),
        ("", "", ""),
    ],
)
def test_a_path_is_said_as_people_count(path: str, en: str, zh: str) -> None:
    assert (path_in_words("en", path), path_in_words("zh-CN", path)) == (en, zh)
