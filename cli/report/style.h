/* SPDX-License-Identifier: GPL-2.0-or-later */
/* The style of the page: for a screen, light or dark, and for paper. */
#ifndef IOMAP_CLI_REPORT_STYLE_H
#define IOMAP_CLI_REPORT_STYLE_H

static const char report_style[] =
	":root{color-scheme:light dark;--bg:#fff;--fg:#1c1e21;--soft:#5c6370;--rule:#d4d7dc;"
	"--good:#186a3b;--bad:#a61b1b;--warn:#8a5a00;--heat:#0b4f9c;"
	"--c0:#0b5cad;--c1:#b34700;--c2:#1a7f37;--c3:#8b2fb0;--c4:#ad1457;--c5:#5d6b00;"
	"--c6:#00707a;--c7:#6b4a2b}\n"
	"@media (prefers-color-scheme:dark){:root{--bg:#15181c;--fg:#e4e6ea;--soft:#a3abb8;"
	"--rule:#3a4048;--good:#6fd08c;--bad:#ff8a80;--warn:#f2c063;--heat:#6db3ff;"
	"--c0:#6db3ff;--c1:#ffa260;--c2:#70d68b;--c3:#d59bf2;--c4:#ff8fb8;--c5:#ccd95e;"
	"--c6:#5fd3dd;--c7:#d9b38c}}\n"
	"body{font:16px/1.5 system-ui,sans-serif;max-width:60rem;margin:0 auto;padding:1rem;"
	"background:var(--bg);color:var(--fg)}\n"
	"h1{font-size:1.6rem}h2{border-top:1px solid var(--rule);padding-top:1rem;"
	"margin-top:2rem}\n"
	"a{color:var(--c0)}nav a{margin-right:1rem}:focus-visible{outline:3px solid var(--c1)}\n"
	".verdict{font-size:1.25rem;font-weight:600;border-left:.4rem solid;padding:.5rem 1rem}\n"
	".good{color:var(--good)}.bad{color:var(--bad)}.warn{color:var(--warn)}\n"
	"dl{display:grid;grid-template-columns:max-content 1fr;gap:.1rem 1rem}dd{margin:0}\n"
	"dt,.summary,caption{color:var(--soft)}caption{text-align:left}\n"
	".wide{overflow-x:auto}table{border-collapse:collapse;font-variant-numeric:tabular-nums}\n"
	"th,td{padding:.2rem .8rem .2rem 0;text-align:right;border-bottom:1px solid var(--rule)}\n"
	"th:first-child,th[scope=row],.text{text-align:left}th{font-weight:600}\n"
	"pre{overflow-x:auto;font-size:.85rem;white-space:pre-wrap}h4{margin-bottom:.2rem}\n"
	".chart{width:100%;height:auto;display:block}.chart text{font:11px system-ui,sans-serif;"
	"fill:var(--soft)}\n"
	".chart .count{fill:var(--fg)}.x{text-anchor:middle}.y,.end{text-anchor:end}"
	".begin{text-anchor:start}\n"
	".grid{stroke:var(--rule);fill:none}.axis{stroke:var(--soft);fill:none}\n"
	".mark{stroke:var(--c1);stroke-dasharray:4 3;fill:none}.bar{fill:var(--c0)}\n"
	".heat{fill:var(--heat)}.cell{stroke:var(--rule)}\n"
	".line{fill:none;stroke-width:1.8;stroke:var(--c0)}.s1{stroke:var(--c1);"
	"stroke-dasharray:7 3}.s2{stroke:var(--c2);stroke-dasharray:2 3}.s3{stroke:var(--c3);"
	"stroke-dasharray:9 3 2 3}.s4{stroke:var(--c4)}.s5{stroke:var(--c5);stroke-dasharray:7 3}"
	".s6{stroke:var(--c6);stroke-dasharray:2 3}.s7{stroke:var(--c7);"
	"stroke-dasharray:9 3 2 3}\n"
	".legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:.2rem 1.2rem}"
	".legend svg{width:28px;height:10px;margin-right:.4rem}\n"
	"@media print{body{font-size:11pt;max-width:none;padding:0}nav{display:none}"
	".chart,.violation,tr,.verdict{break-inside:avoid}h2,h3,h4{break-after:avoid}"
	".heat,.bar{print-color-adjust:exact;-webkit-print-color-adjust:exact}}\n";

#endif
