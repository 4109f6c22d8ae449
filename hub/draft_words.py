"""The reasons of a draft in the reader's language: what `connectors.draft_values`, `connectors.draft_grammar` and `mappings.draft` write
beside each line, in English, becomes Chinese where a person asked for that. Names, values and YAML stay as they are.
"""

from __future__ import annotations

import re
from functools import cache

from data_contracts.findings import Language

_SENTENCES = (
    (
        "Drafted from samples: {}, {} % sure. Read each row; the reason stands beside it.",
        "由样本起草：{}，把握 {} %。请逐行核对，理由见行末。",
    ),
    ("Drafted from samples of {} records. Read each line; the reason stands beside it.", "由 {} 条样本记录起草。请逐行核对，理由见行末。"),
    ("TODO {}: mandatory, and no sample says it", "TODO {}：必填，但样本中没有"),
    (
        "Not mapped: nothing says what it is, or this entity has no place for it. Map it, or say why not:",
        "未映射：无法判断其含义，或该实体没有对应成员。请映射，或说明不映射的原因：",
    ),
    ("lines are of several kinds, told apart by their first two characters", "行分多种，以前两个字符区分"),
    ("rows of one document stand together in the samples", "样本中同一单据的各行相邻"),
    ("no line number in the samples", "样本中没有行号"),
    ("made of place and time", "由地点与时间组成"),
    ("it has no number of its own here", "此处没有自己的单号"),
)
"""Whole comments."""
_REASONS = (
    ("the name says {}", "名称含义为 {}"),
    ("check digits of {}", "校验位符合 {}"),
    ("no value in the samples", "样本中没有值"),
    ("when it happened, for want of another", "没有其他日期，取发生时间"),
    ("no function reads it for certain", "没有函数能确定地读取"),
    ("TODO its table lacks {}: add them to codes/ of the site", "TODO 代码表缺少 {}：请补入站点的 codes/"),
    ("text in {} values", "{} 个值均为文本"),
    ("true or false in {} values", "{} 个值均为 true 或 false"),
    ("whole numbers in all {} values", "{} 个值均为整数"),
    ("numbers with {} in all {} values", "{1} 个值均为以 {0} 为小数点的数字"),
    (
        "numbers like {}: is {} the decimal or the thousands mark? nothing in the samples tells",
        "形如 {}：{} 是小数点还是千位分隔符？样本无法判断",
    ),
    (
        "dates like {}: day or month first? nothing in the samples tells ({} would fit too)",
        "形如 {}：日在前还是月在前？样本无法判断（{} 亦可）",
    ),
    ("dates like {}: day or month first? nothing in the samples tells", "形如 {}：日在前还是月在前？样本无法判断"),
    ("dates like {}: {} fits, and no type reads it", "形如 {}：符合 {}，但没有类型可读取"),
    ("dates as {}, only this order fits all {} values (a year of two digits is 20YY)", "日期 {}，{} 个值只符合此顺序（两位年份按 20YY）"),
    ("dates as {}, only this order fits all {} values", "日期 {}，{} 个值只符合此顺序"),
    ("dates as {}, which fits all {} values (a year of two digits is 20YY)", "日期 {}，{} 个值均符合（两位年份按 20YY）"),
    ("dates as {}, which fits all {} values", "日期 {}，{} 个值均符合"),
    ("{} would fit too, so look", "{} 亦可，请核对"),
    ("set {} or {}", "请设为 {} 或 {}"),
    ("{} in all {} values, other marks than the other numbers", "{1} 个值均为 {0}，与其他数字的标点不同"),
    ("{} in all {} values", "{1} 个值均为 {0}"),
    ("in {} % of the records", "{} % 的记录中有"),
    ("in {} of {}", "{1} 条中有 {0} 条"),
    ("perhaps enum: {}", "或可设 enum: {}"),
)
"""Parts of a reason, which semicolons part."""
_OPEN = re.compile(r"TODO (\S+) from (.+?): (.+)")


def in_language(text: str, language: Language) -> str:
    """A drafted file with its comments in a language."""
    return text if language == "en" else "".join(_line(line) for line in text.splitlines(keepends=True))


def _line(line: str) -> str:
    bare = line.rstrip("\n")
    before, mark, said = bare.rpartition("# ")
    if not mark or (before.strip() and not before.endswith("  ")):
        return line
    return f"{before}# {_said(said)}\n"


def _said(said: str) -> str:
    for pattern, chinese in _patterns()[0]:
        if match := pattern.fullmatch(said):
            return chinese.format(*match.groups())
    if match := _OPEN.fullmatch(said):
        return f"TODO {match[1]} ← {match[2]}：{_reason(match[3])}"
    sure, colon, reason = said.partition(" %: ")
    return f"{sure} %：{_reason(reason)}" if colon else _reason(said)


def _reason(reason: str) -> str:
    return "；".join(_part(part) for part in reason.split("; "))


def _part(part: str) -> str:
    for pattern, chinese in _patterns()[1]:
        if match := pattern.fullmatch(part):
            return chinese.format(*match.groups())
    return part


@cache
def _patterns() -> tuple[list[tuple[re.Pattern[str], str]], list[tuple[re.Pattern[str], str]]]:
    def made(english: str) -> re.Pattern[str]:
        return re.compile("(.+?)".join(re.escape(part) for part in english.split("{}")))

    return [(made(one), other) for one, other in _SENTENCES], [(made(one), other) for one, other in _REASONS]
