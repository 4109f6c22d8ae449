"""What the command line says beside findings, in both languages (UDIHUB_LANG)."""

from __future__ import annotations

from collections.abc import Mapping

from data_contracts.findings import Language

_WORDS: Mapping[str, tuple[str, str]] = {
    "error": ("error", "错误"),
    "warning": ("warning", "警告"),
    "info": ("info", "提示"),
    "sound": (
        "{partners} partners, {agreements} agreements, {messages} messages, {flows} flows: all sound",
        "{partners} 个伙伴、{agreements} 份协议、{messages} 种报文、{flows} 个数据流：全部可用",
    ),
    "faults": ("{folder}: {count} faults", "{folder}：{count} 处错误"),
}


def word(name: str, language: Language) -> str:
    """The word in a language. Raises KeyError for one that nobody wrote down."""
    return _WORDS[name][language == "zh-CN"]
