"""A guide as one HTML page without scripts, fonts or links to elsewhere: it can be mailed to a partner and printed.

Knows the Markdown that guides use (`connectors.guides`) and no more. Everything is escaped; `&emsp;`, by which guides indent, stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from html import escape

from data_contracts.findings import Language

_STYLE = """
:root { color-scheme: light dark; --line: #d0d5dd; --soft: #f5f6f8; --text: #1d2430; --page: #fff; }
@media (prefers-color-scheme: dark) { :root { --line: #3a4150; --soft: #1f2530; --text: #e6e9ef; --page: #151a22; } }
body { margin: 2rem auto; max-width: 72rem; padding: 0 1.5rem; color: var(--text); background: var(--page);
  font: 15px/1.55 system-ui, "Segoe UI", "PingFang SC", "Microsoft YaHei", "Noto Sans CJK SC", sans-serif; }
h1 { font-size: 1.6rem; margin: 0 0 1rem; } h2 { font-size: 1.15rem; margin: 2rem 0 .5rem; } h3 { font-size: 1rem; }
table { border-collapse: collapse; width: 100%; margin: .5rem 0 1rem; }
th, td { border-bottom: 1px solid var(--line); padding: .3rem .6rem; text-align: left; vertical-align: top; }
th { background: var(--soft); white-space: nowrap; }
code { font: .92em ui-monospace, "Cascadia Mono", Menlo, Consolas, monospace; background: var(--soft); padding: 0 .25em; border-radius: 3px;
  overflow-wrap: anywhere; }
@media print { body { margin: 0; max-width: none; } tr { break-inside: avoid; } }
"""
_RULE = re.compile(r"\|(?:\s*:?-+:?\s*\|)+")
_CELL = re.compile(r"(?<!\\)\|")
_INLINE = re.compile(r"`([^`]+)`|\*\*([^*]+)\*\*")


def as_html(markdown: str, language: Language = "en") -> str:
    """The page. Its title is the guide's first heading."""
    lines = markdown.splitlines()
    title = next((line.removeprefix("# ") for line in lines if line.startswith("# ")), "")
    body = "\n".join(_blocks(lines))
    return (
        f'<!DOCTYPE html>\n<html lang="{language}">\n<head>\n<meta charset="utf-8">\n'
        f'<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>{escape(_bare(title))}</title>\n<style>{_STYLE}</style>\n</head>\n<body>\n{body}\n</body>\n</html>\n"
    )


def _blocks(lines: Sequence[str]) -> Iterator[str]:
    at = 0
    while at < len(lines):
        line = lines[at].strip()
        taken = 1
        if line.startswith("|"):
            taken = _run(lines, at, "|")
            yield _table([text.strip() for text in lines[at : at + taken]])
        elif line.startswith("- "):
            taken = _run(lines, at, "- ")
            items = "".join(f"<li>{_inline(text.strip()[2:])}</li>" for text in lines[at : at + taken])
            yield f"<ul>{items}</ul>"
        elif match := re.match(r"(#{1,4}) (.*)", line):
            yield f"<h{len(match[1])}>{_inline(match[2])}</h{len(match[1])}>"
        elif line:
            yield f"<p>{_inline(line)}</p>"
        at += taken


def _run(lines: Sequence[str], at: int, mark: str) -> int:
    stop = at
    while stop < len(lines) and lines[stop].strip().startswith(mark):
        stop += 1
    return stop - at


def _table(rows: Sequence[str]) -> str:
    head, *rest = rows
    if rest and _RULE.fullmatch(rest[0].replace(" ", "")):
        rest = rest[1:]
    body = "".join(f"<tr>{_cells(row, 'td')}</tr>\n" for row in rest)
    return f"<table>\n<thead><tr>{_cells(head, 'th')}</tr></thead>\n<tbody>\n{body}</tbody>\n</table>"


def _cells(row: str, tag: str) -> str:
    parts = _CELL.split(row)[1:]
    if parts and not parts[-1].strip():
        parts.pop()
    return "".join(f"<{tag}>{_inline(part.strip())}</{tag}>" for part in parts)


def _inline(text: str) -> str:
    made, at = [], 0
    for match in _INLINE.finditer(text):
        made.append(_text(text[at : match.start()]))
        made.append(f"<code>{_text(match[1])}</code>" if match[1] is not None else f"<strong>{_text(match[2])}</strong>")
        at = match.end()
    return "".join(made) + _text(text[at:])


def _text(text: str) -> str:
    return escape(text.replace("\\|", "|")).replace("&amp;emsp;", "&emsp;")


def _bare(text: str) -> str:
    return text.replace("`", "").replace("**", "").replace("\\|", "|")
