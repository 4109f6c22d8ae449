"""How the report looks, on paper and on screen, light and dark."""

from __future__ import annotations

CSS = """
:root{color-scheme:light dark;--ink:#14202b;--quiet:#5b6b79;--line:#dbe2e8;--paper:#fff;--ground:#f3f6f8;--good:#14804a;--fair:#b26a00;--poor:#c62f2f;--link:#0a5fb4}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--quiet:#93a1ae;--line:#2c3843;--paper:#17212b;--ground:#0f171f;--good:#3fb97c;--fair:#e0a03a;--poor:#f0706c;--link:#6cb4ff}}
*{box-sizing:border-box}
body{margin:0 auto;max-width:1180px;padding:24px 20px 48px;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,"Noto Sans","Noto Sans SC","PingFang SC","Microsoft YaHei",sans-serif}
a{color:var(--link)}h1{margin:0;font-size:28px}h2{margin:0 0 10px;font-size:19px;display:flex;gap:10px;align-items:baseline;flex-wrap:wrap}
header{display:flex;justify-content:space-between;align-items:flex-start;gap:16px;margin-bottom:18px}header p{margin:2px 0 0}nav{display:flex;gap:8px}
.switch{border:1px solid var(--line);border-radius:6px;padding:4px 12px;background:var(--paper);text-decoration:none}
.quiet{color:var(--quiet);font-size:13px;font-weight:400}
section{background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:18px 20px;margin-bottom:16px}
.tiles{display:grid;grid-template-columns:repeat(auto-fill,minmax(210px,1fr));gap:12px;padding:0;border:0;background:none}
.tile{display:flex;gap:14px;align-items:center;background:var(--paper);border:1px solid var(--line);border-radius:10px;padding:12px 14px}
.tile b,.tile span{display:block;line-height:1.35}
.ring{width:68px;height:68px;flex:none}.ring circle{fill:none;stroke-width:7}.ring text{text-anchor:middle;font-size:13px;font-weight:600;fill:currentColor}
.track{stroke:var(--line);fill:var(--line)}.ring .track{fill:none}.ring.good .arc{stroke:var(--good)}.ring.fair .arc{stroke:var(--fair)}.ring.poor .arc{stroke:var(--poor)}
.wide{overflow-x:auto}table{border-collapse:collapse;width:100%}th,td{text-align:left;padding:7px 10px;border-bottom:1px solid var(--line);vertical-align:top}
thead th{color:var(--quiet);font-size:13px;font-weight:600;white-space:nowrap}tbody tr:last-child>*{border-bottom:0}
.scorecard tbody th{font-weight:600;min-width:190px}.scorecard tbody th .quiet{display:block}.scorecard td{min-width:104px}
.score span{font-variant-numeric:tabular-nums;font-size:14px}.score svg{display:block;width:100%;min-width:72px;height:6px;margin-top:4px}.score .track{stroke:none}
.good .fill{fill:var(--good)}.fair .fill{fill:var(--fair)}.poor .fill{fill:var(--poor)}.poor span{color:var(--poor);font-weight:600}td.poor{color:var(--poor)}
.mark{font-size:12.5px;font-weight:600;border:1px solid currentColor;border-radius:99px;padding:1px 10px}.mark.good{color:var(--good)}.mark.fair{color:var(--fair)}.mark.poor{color:var(--poor)}
.severity{display:inline-block;min-width:58px;text-align:center;font-size:12px;font-weight:600;border-radius:5px;padding:1px 7px;color:#fff;background:var(--quiet)}
.severity.error{background:#c62f2f}.severity.warning{background:#b26a00}
.number{text-align:right;font-variant-numeric:tabular-nums}.rules td:nth-child(6){width:110px}.group th{color:var(--quiet);font-size:12.5px;padding-top:14px;letter-spacing:.03em}
.rows td{font-variant-numeric:tabular-nums;overflow-wrap:anywhere}.rows td:first-child{font-family:ui-monospace,Consolas,monospace;font-size:13px}
code{font:13px ui-monospace,Consolas,monospace}details{margin-top:8px}summary{cursor:pointer;color:var(--quiet)}.failing{border:1px solid var(--line);border-radius:8px;padding:8px 12px}
.failing summary{color:var(--ink)}.failing b{color:var(--poor);margin-left:6px}
@media print{body{background:#fff;max-width:none;padding:0}section,.tile{break-inside:avoid}nav{display:none}}
"""
