"""What the command line says beside findings, in both languages (UDIHUB_LANG)."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.findings import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "error": ("error", "错误"),
    "warning": ("warning", "警告"),
    "info": ("info", "提示"),
    "times": ("{count} times", "{count} 次"),
    "at_segment": ("segment {number}", "第 {number} 段"),
    "at_line": ("line {number}", "第 {number} 行"),
    "at_row": ("row {number}", "第 {number} 行"),
    "at_column": ("column {number}", "第 {number} 列"),
    "valid": ("valid", "有效"),
    "not_valid": ("NOT valid", "无效"),
    "unknown_kind": ("unknown", "未知"),
    "unknown_format": ("unknown format", "未知格式"),
    "answer": ("answer:", "应答："),
    "rows_left_out": ("{count} rows left out", "{count} 行未采用"),
    "opinion_accepted": ("pyx12 accepts it", "pyx12 认为有效"),
    "opinion_refused": ("pyx12 refuses it", "pyx12 认为无效"),
    "opinion_none": ("pyx12 has no opinion: {reason}", "pyx12 无法判断：{reason}"),
    "opinion_only_x12": ("no second opinion: pyx12 knows X12 only", "没有第二意见：pyx12 只懂 X12"),
    "head_id": ("id", "编号"),
    "head_partner": ("partner", "伙伴"),
    "head_direction": ("dir", "方向"),
    "head_type": ("type", "报文"),
    "head_business_key": ("business key", "业务单号"),
    "head_state": ("state", "状态"),
    "head_acknowledgement": ("answer", "回执"),
    "head_rows_left_out": ("left out", "未采用行"),
    "head_recorded_at": ("recorded", "记录时间"),
    "compared": (
        "{records} records, {matched} of our devices; {opened} differences opened, {reopened} opened again, {closed} closed",
        "{records} 条记录，匹配我方器械 {matched} 个；新差异 {opened}，重新打开 {reopened}，关闭 {closed}",
    ),
    "exported": ("{file}: {count} devices", "{file}：{count} 个器械"),
    "scope_full": ("all devices", "全部器械"),
    "scope_changes": ("changes", "变更"),
    "value": ("value", "字段"),
    "missing_there": ("not published there", "未在数据库公布"),
    "missing_here": ("published under our name, unknown here", "以我方名义公布而本系统没有"),
    "difference_open": ("open", "待处理"),
    "difference_accepted": ("accepted", "采纳对方"),
    "difference_sent": ("sent", "待监管库更正"),
    "difference_dismissed": ("dismissed", "不处理"),
    "difference_closed": ("closed", "已关闭"),
    "answered": (
        "number {number}: {verdict} by the partner {recorded_at} (document {document}) {said}",
        "编号 {number}：伙伴 {recorded_at} 的回应为 {verdict}（文件 {document}）{said}",
    ),
    "not_answered": ("number {number}: the partner said nothing of it yet", "编号 {number}：伙伴尚未回应"),
    "no_answers": ("no acknowledgement", "没有回执"),
    "direction_both": ("read and written", "可读可写"),
    "direction_in": ("read", "只读"),
    "direction_out": ("written", "只写"),
    "sound": (
        "{partners} partners, {agreements} agreements, {messages} messages, {flows} flows: all sound",
        "{partners} 个伙伴、{agreements} 份协议、{messages} 种报文、{flows} 个数据流：全部可用",
    ),
    "pushed": ("{written} written, {sent} sent", "写出 {written} 份，发送 {sent} 份"),
    "unclaimed": (
        "{entity} that name a supplier whom no flow tells: {named}; this flow tells {supplier}",
        "以下供应商的 {entity} 没有任何数据流发送：{named}；本数据流只发送给 {supplier}",
    ),
    "outsider": (
        "not counted: {kind} {number} of {partner} (exchange {exchange_id}), whom the order does not name as its supplier",
        "未计入：{partner} 的 {kind} {number}（交换 {exchange_id}），订单未指明其为供应商",
    ),
    "stranger": (
        "not counted: {kind} {number} of {partner} (exchange {exchange_id}), of a line or item that the order does not have",
        "未计入：{partner} 的 {kind} {number}（交换 {exchange_id}），其行或物料不在订单中",
    ),
    "faults": ("{folder}: {count} faults", "{folder}：{count} 处错误"),
}


def word(name: str, language: Language) -> str:
    """The word in a language. Raises KeyError for one that nobody wrote down."""
    return _WORDS[name][language == "zh-CN"]
