"""Whatever is refused about a case is said in both languages."""

from __future__ import annotations

import ast
from pathlib import Path

import yaml

import hub.cases
from hub import approving
from hub.cases.refusals import FILE, refusal
from hub.store import approvals
from hub.store import cases as store

KINDS = {"InvalidError", "RefusedError", "NotFoundError", "ConflictError"}
STORIES = {"superseded by exchange {}"}
"""What the story of a case says in the hub's own words."""


def shapes() -> list[str]:
    """The texts of all errors that acts on cases raise, with {} for what a case names."""
    found = []
    for path in (*Path(hub.cases.__file__).parent.glob("*.py"), *(Path(str(one.__file__)) for one in (store, approvals, approving))):
        module = ast.parse(path.read_text(encoding="utf-8"))
        named = {
            node.targets[0].id: node.value for node in module.body if isinstance(node, ast.Assign) and isinstance(node.targets[0], ast.Name)
        }
        for node in ast.walk(module):
            if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call) and getattr(node.exc.func, "id", "") in KINDS:
                said = node.exc.args[0]
                if isinstance(said, ast.Call):
                    continue  # a fault of a map or list, in its own words
                if isinstance(said, ast.Name):
                    said = named[said.id]
                parts = said.values if isinstance(said, ast.JoinedStr) else [said]
                found.append("".join(str(part.value) if isinstance(part, ast.Constant) else "{}" for part in parts))
    return found


def test_every_refusal_has_its_chinese() -> None:
    texts = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    said = shapes()
    assert len(said) > 15 and sorted(set(said) - set(texts)) == [] and sorted(set(texts) - set(said)) == sorted(STORIES)


def test_faults_of_a_code_list_are_told_too() -> None:
    assert refusal("codes/x.csv line 3: source value ST stands twice", "zh-CN") == "codes/x.csv 第 3 行：源值 ST 出现两次"
    assert refusal("case 7: this needs your electronic signature", "zh-CN") == "待办事项 7：此操作需要您的电子签名"
    assert refusal("something else", "zh-CN") == refusal("something else", "en") == "something else"
