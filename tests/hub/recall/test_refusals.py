"""Whatever a recall refuses is said in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest
import yaml

import hub.recall
from hub.recall.refusals import FILE, refusal
from hub.store import recalls as store

FOLDER = Path(hub.recall.__file__).parent
KINDS = {"InvalidError", "RefusedError", "NotFoundError", "ConflictError"}


def shapes() -> list[str]:
    """The texts of all errors that recalls raise, with {} for what a case names."""
    found = []
    for path in (*FOLDER.glob("*.py"), Path(store.__file__)):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and getattr(node.exc.func, "id", "") in KINDS:
                said = node.exc.args[0]
                parts = said.values if isinstance(said, ast.JoinedStr) else [said]
                found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts))
    return found


def test_every_refusal_has_its_chinese() -> None:
    texts = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    said = shapes()
    assert len(said) > 30
    assert not [text for text in said if text not in texts and text.replace("{}{}", ": {}") not in texts]
    assert all(any("\u4e00" <= letter <= "\u9fff" for letter in chinese) for chinese in texts.values())


@pytest.mark.parametrize(
    ("text", "chinese"),
    [
        (
            "say why RECALL-0001 may end: not answered by 6901234000012; not told X",
            "请写明 RECALL-0001 可以结束的理由：尚未答复：6901234000012；尚未通知：X",
        ),
        ("lot:1|F1: 5 units are said, 3 were delivered", "lot:1|F1：答复共 5 件，实际交付 3 件"),
        ("something else", "something else"),
    ],
)
def test_a_refusal_is_said_in_the_readers_language(text: str, chinese: str) -> None:
    assert refusal(text, "zh-CN") == chinese
    assert refusal(text, "en") == text
