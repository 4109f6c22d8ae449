"""A data contract as a page for people, in English and Chinese: columns, rules with what follows, service levels.

Markdown that `connectors.guide_page` also makes a page of. Texts of rules come from the catalogue in the reader's language; what only the
contract says (its own rules, descriptions of columns) stands as its author wrote it.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from data_contracts.contract import Column, Contract, QualityRule
from data_contracts.findings import Language
from data_contracts.rules.catalogue import all_rules

_WORDS: Mapping[str, tuple[str, str]] = {
    "contract": ("Data contract", "数据契约"),
    "version": ("Version", "版本"),
    "status": ("Status", "状态"),
    "owner": ("Owner", "负责人"),
    "nobody": ("nobody", "无"),
    "entity": ("Rows of", "行来自"),
    "key": ("A row is named by", "行的标识"),
    "columns": ("Columns", "列"),
    "column": ("Column", "列"),
    "type": ("Type", "类型"),
    "needed": ("Required", "必填"),
    "yes": ("yes", "是"),
    "meaning": ("Meaning", "含义"),
    "hub": ("added by the hub", "由中枢添加"),
    "rules": ("Rules", "规则"),
    "rule": ("Rule", "规则"),
    "promise": ("Promise", "承诺"),
    "dimension": ("Dimension", "维度"),
    "severity": ("Severity", "严重程度"),
    "action": ("On a document", "对单据的处置"),
    "none": ("told", "提示"),
    "row": ("row quarantined", "隔离该行"),
    "message": ("message held", "扣留报文"),
    "flow": ("flow stopped", "停止数据流"),
    "levels": ("Service levels", "服务水平"),
    "level": ("Level", "项目"),
    "value": ("Value", "值"),
    "of": ("Of", "对象"),
    "frequency": ("frequency: something comes at least so often", "frequency：至少每隔此时间到达一次"),
    "latency": ("latency: so late at most", "latency：最多延迟"),
    "error": ("error", "错误"),
    "warning": ("warning", "警告"),
    "info": ("info", "提示"),
    "accuracy": ("accuracy", "准确性"),
    "completeness": ("completeness", "完整性"),
    "conformity": ("conformity", "规范性"),
    "consistency": ("consistency", "一致性"),
    "coverage": ("coverage", "覆盖度"),
    "timeliness": ("timeliness", "及时性"),
    "uniqueness": ("uniqueness", "唯一性"),
}


def markdown(contract: Contract, language: Language = "en") -> str:
    """The page of one contract."""
    return "\n".join(_lines(contract, language)) + "\n"


def _lines(contract: Contract, language: Language) -> Iterator[str]:
    def say(name: str) -> str:
        return _word(name, language)

    yield f"# {say('contract')} `{contract.name}`: {_cell(contract.title)}"
    yield ""
    if contract.purpose:
        yield f"{contract.purpose}\n"
    yield f"- **{say('version')}**: {contract.version}"
    yield f"- **{say('status')}**: {contract.status}"
    yield f"- **{say('owner')}**: {_cell(contract.owner or say('nobody'))}"
    if contract.entity:
        yield f"- **{say('entity')}**: {' · '.join(f'`{name}`' for name in (contract.entity, contract.line_entity) if name)}"
    yield f"- **{say('key')}**: {', '.join(f'`{name}`' for name in contract.key)}"
    yield f"\n## {say('columns')}\n"
    yield from _table(*(say(name) for name in ("column", "type", "needed", "meaning")))
    for column in contract.columns:
        own = f" ({say('hub')})" if column.of_the_hub else ""
        yield _row(f"`{column.name}`", _type(column), say("yes") if column.required else "", column.description + own)
    yield f"\n## {say('rules')}\n"
    yield from _table(*(say(name) for name in ("rule", "column", "promise", "dimension", "severity", "action")))
    for rule in contract.rules:
        where = f"`{rule.column}`" if rule.column else ""
        yield _row(f"`{rule.id}`", where, _promise(rule, language), say(rule.dimension), say(rule.severity), say(rule.action or "none"))
    if contract.service:
        yield f"\n## {say('levels')}\n"
        yield from _table(*(say(name) for name in ("level", "value", "of", "meaning")))
        for level in contract.service:
            of = f"`{level.element}`" if level.element else ""
            yield _row(say(level.name), f"{level.value} {level.unit}".strip(), of, level.description)


def _type(column: Column) -> str:
    limits = ", ".join(f"{name} `{value}`" for name, value in column.options.items())
    return f"{column.type} ({limits})" if limits else column.type


def _promise(rule: QualityRule, language: Language) -> str:
    known = all_rules().get(rule.id)
    return known.text(language, {}) if known is not None else rule.description or rule.id


def _word(name: str, language: Language) -> str:
    pair = _WORDS.get(name)
    return name if pair is None else pair[language == "zh-CN"]


def _table(*heads: str) -> Iterator[str]:
    yield _row(*heads)
    yield "| " + " | ".join("---" for _ in heads) + " |"


def _row(*cells: str) -> str:
    return "| " + " | ".join(_cell(cell) for cell in cells) + " |"


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
