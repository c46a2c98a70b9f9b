"""How the report's page looks: light and dark, wide and narrow."""

STYLE = """
:root { color-scheme: light dark; --ground: #f7f8f6; --card: #fff; --ink: #1c2421; --faint: #5a665f;
  --line: #d9dfdb; --good: #1d6b45; --bad: #a3301b;
  --s0: #1f6f5c; --s1: #b4562a; --s2: #4a5fae; --s3: #8a6d00; }
@media (prefers-color-scheme: dark) { :root { --ground: #131715; --card: #1c2220; --ink: #e8edea;
  --faint: #a3aea8; --line: #37403b; --good: #7ed0a4; --bad: #f29f8b;
  --s0: #6fcab1; --s1: #f0a06f; --s2: #a3b2f5; --s3: #dcc04c; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { max-width: 72rem; margin: auto; padding: 1rem; }
header p, small, dt { color: var(--faint); }
p, li, dd, td, th { overflow-wrap: anywhere; }
h1 { margin: .5rem 0 0; } h2 { margin: 0; } h3 { margin: 1.2rem 0 .3rem; }
h3::first-letter, summary::first-letter { text-transform: uppercase; }
article { margin: 1.5rem 0; padding: 1rem; background: var(--card); border: 1px solid var(--line);
  border-radius: .6rem; }
dl { display: grid; grid-template-columns: auto 1fr; gap: .1rem .8rem; } dd { margin: 0; }
.tables { columns: 30rem; column-gap: 2rem; } .tables section { break-inside: avoid-column; }
.wide { overflow-x: auto; }
table { width: 100%; border-collapse: collapse; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { padding: .25rem .5rem; border-bottom: 1px solid var(--line); text-align: right; }
tr > :first-child { padding-left: 0; width: 40%; text-align: left; }
tbody th { font-weight: 500; min-width: 7rem; }
thead th { color: var(--faint); font-weight: 500; white-space: nowrap; } td { white-space: nowrap; }
tbody th.kind { padding-left: 1rem; color: var(--faint); font-weight: 400; }
.better { color: var(--good); font-weight: 600; } .worse { color: var(--bad); font-weight: 600; }
.bar { width: 6rem; height: .875rem; margin-left: .6rem; vertical-align: middle; fill: var(--s0); }
.rail { stroke: var(--line); stroke-width: 3; } .reach { stroke: var(--s0); stroke-width: 7; opacity: .4; }
.plots { display: grid; grid-template-columns: repeat(auto-fit, minmax(min(100%, 17rem), 1fr)); gap: 1rem;
  margin: 1.5rem 0; }
figure { margin: 0; } .plot { display: block; width: 100%; max-width: 24rem; }
.plot text { fill: var(--faint); font-size: 11px; } .mid { text-anchor: middle; } .end { text-anchor: end; }
.grid { stroke: var(--line); fill: none; } .guide { stroke: var(--faint); stroke-dasharray: 2 4; }
.series path { fill: none; stroke-width: 2; }
.s0 { stroke: var(--s0); fill: var(--s0); }
.s1 { stroke: var(--s1); fill: var(--s1); stroke-dasharray: 7 3; }
.s2 { stroke: var(--s2); fill: var(--s2); stroke-dasharray: 2 3; }
.s3 { stroke: var(--s3); fill: var(--s3); stroke-dasharray: 9 3 2 3; }
.series circle { stroke: none; }
figcaption ul { display: flex; flex-wrap: wrap; gap: .2rem 1rem; margin: .2rem 0; padding: 0;
  list-style: none; font-size: .85rem; } .key { width: 1.5rem; height: .5rem; margin-right: .4rem; }
details { margin: .8rem 0; } summary { cursor: pointer; font-weight: 600; }
details li { margin: .5rem 0; }
@media (max-width: 40rem) { th, td { padding: .25rem .2rem; } table { font-size: .82rem; }
  tbody th { min-width: 5rem; }
  article { padding: .8rem; }
  .bar { display: block; width: 4rem; margin-left: auto; } }
"""
