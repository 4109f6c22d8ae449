"""The report's words in both languages."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.findings import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "title": ("Data quality", "数据质量报告"),
    "as_of": ("As of", "截至"),
    "contracts": ("data contracts", "份数据契约"),
    "checks": ("checks", "次检查"),
    "failing": ("failing", "未通过"),
    "rows": ("rows", "行"),
    "scorecard": ("Scorecard by partner", "合作方评分卡"),
    "scorecard_note": (
        "The share of checks that a partner's rows pass. A check is one rule looked at for one row; blank: nothing to check.",
        "各合作方数据通过检查的比例。一条规则检查一行记为一次；空白表示没有可检查的内容。",
    ),
    "partner": ("Partner", "合作方"),
    "contract": ("Contract", "契约"),
    "rule": ("Rule", "规则"),
    "promise": ("What is promised", "承诺内容"),
    "dimension": ("Dimension", "维度"),
    "severity": ("Severity", "严重程度"),
    "checked": ("Checked", "检查"),
    "failed": ("Failed", "未通过"),
    "passed": ("Passing", "通过率"),
    "row": ("Row", "数据行"),
    "value": ("Value", "值"),
    "exchange": ("Exchange", "报文"),
    "at": ("Time (UTC)", "时间（UTC）"),
    "share": ("Passing", "通过率"),
    "key": ("Key", "键"),
    "column": ("Column", "列"),
    "results": ("Results", "检查结果"),
    "partners": ("Partners", "合作方"),
    "runs": ("All runs", "全部检查"),
    "trend": ("Over time", "趋势"),
    "trend_note": ("The share of checks that pass, by dimension.", "各维度检查的通过率。"),
    "by_dataset": ("Over time by dataset", "按数据集的趋势"),
    "by_dimension": ("Over time by dimension", "按维度的趋势"),
    "all_pass": ("All rules hold", "全部通过"),
    "errors_fail": ("Failing", "未通过"),
    "warnings_fail": ("With warnings", "有警告"),
    "tolerated": ("within what is tolerated", "在容许范围内"),
    "verdict": ("Verdict", "结论"),
    "holds": ("holds", "成立"),
    "fails": ("fails", "不成立"),
    "not_judged": ("Could not be judged", "无法检查"),
    "failing_rows": ("Failing rows", "未通过的数据行"),
    "shown": ("{shown} of {all} shown; the rest is in", "共 {all} 行，此处显示 {shown} 行，其余见"),
    "all_rows": ("All failing rows as CSV", "全部未通过数据行（CSV）"),
    "other": ("中文", "English"),
    "nothing": ("No quality run is recorded yet: run `udihub quality run`.", "尚无质量检查记录：请运行 udihub quality run。"),
    "every_rule": ("All {count} rules", "全部 {count} 条规则"),
    "overall": ("Overall", "总体"),
    "whole": ("whole dataset", "整个数据集"),
    "accuracy": ("Accuracy", "准确性"),
    "completeness": ("Completeness", "完整性"),
    "conformity": ("Conformity", "规范性"),
    "consistency": ("Consistency", "一致性"),
    "coverage": ("Coverage", "覆盖度"),
    "timeliness": ("Timeliness", "及时性"),
    "uniqueness": ("Uniqueness", "唯一性"),
    "error": ("error", "错误"),
    "warning": ("warning", "警告"),
    "info": ("info", "提示"),
    "items": ("Items", "物料"),
    "parties": ("Parties", "往来单位"),
    "order_lines": ("Order lines", "订单行"),
    "despatch_lines": ("Despatch lines", "发货行"),
    "receipt_lines": ("Receipt lines", "收货行"),
    "invoice_lines": ("Invoice lines", "发票行"),
    "inventory_lines": ("Inventory lines", "库存行"),
    "exchanges": ("Exchanges", "报文"),
}


def word(name: str, language: Language) -> str:
    """The word in a language; a name that has none (a site's own contract) stands for itself."""
    pair = _WORDS.get(name)
    return name if pair is None else pair[language == "zh-CN"]
