"""The style sheet of a page."""

from dcrf.report.marks import mark_rules


def style() -> str:
    """Return the style sheet."""
    return f"{_RULES}{mark_rules()}\n"


_RULES = """\
:root {
  color-scheme: light dark; --text: light-dark(#1b1e24, #e8eaee);
  --back: light-dark(#fff, #14161a); --card: light-dark(#f6f7f9, #1d2026);
  --rule: light-dark(#dde0e6, #343942); --soft: light-dark(#5b6270, #a2a9b6);
  --mark: light-dark(#4269d0, #7c9bee); --warn: light-dark(#9a5b00, #f0b04f);
}
* { box-sizing: border-box; }
body {
  font: 15px/1.5 system-ui, sans-serif; background: var(--back); color: var(--text);
  max-width: 76rem; margin: 0 auto; padding: 1.5rem 1rem 4rem; overflow-wrap: anywhere;
}
h1 { font-size: 1.6rem; margin: 0; line-height: 1.2; }
h2 { font-size: 1.15rem; margin: 2.2rem 0 .8rem; padding-bottom: .3rem;
  border-bottom: 1px solid var(--rule); }
h3 { font-size: 1rem; margin: 1.4rem 0 .6rem; }
p { margin: .4rem 0; }
a { color: var(--mark); }
.lead { max-width: 46rem; }
.path, figcaption, dt, th, .soft { color: var(--soft); }
.path { font-size: .85rem; font-family: ui-monospace, monospace; }
ul { padding-left: 1.2rem; margin: .6rem 0; }
.sources { list-style: none; padding: 0; font-size: .9rem; }
ul.warning { list-style: none; padding: .5rem .8rem; border-left: 3px solid var(--warn);
  background: var(--card); color: var(--warn); white-space: pre-line; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .2rem 1rem; margin: .6rem 0; }
@media (max-width: 30rem) { dl { display: block; } dt { margin-top: .4rem; } }
dd { margin: 0; white-space: pre-line; }
.scroll { overflow-x: auto; margin: .6rem 0; }
table { border-collapse: collapse; font-size: .92rem; overflow-wrap: normal; }
th, td { text-align: left; padding: .25rem .7rem; border-bottom: 1px solid var(--rule);
  vertical-align: top; }
th { font-weight: 500; white-space: nowrap; }
td { font-variant-numeric: tabular-nums; }
th.number, td.number { text-align: right; white-space: nowrap; }
.scores td { font-size: 1.15rem; }
meter { width: 7rem; height: .8rem; }
figure { margin: 0; padding: .6rem; background: var(--card); border-radius: .4rem; }
figcaption { font-size: .85rem; padding-top: .3rem; text-align: center; }
figure > svg { display: block; width: 100%; height: auto; }
.grid { display: grid; gap: .8rem;
  grid-template-columns: repeat(auto-fill, minmax(min(19rem, 100%), 1fr)); }
.key { white-space: nowrap; margin-right: .6rem; }
.key i, .card h4 i { display: inline-block; width: .7rem; height: .7rem; margin-right: .35rem; }
.choice label { margin-left: .8rem; cursor: pointer; white-space: nowrap; }
input[type=radio] { accent-color: var(--mark); margin: 0 .35rem 0 0; }
.points { overflow: visible; --cluster: currentColor; --cluster-cap: round; }
.points rect { fill: none; stroke: var(--rule); stroke-width: 2; }
.points g path { stroke: var(--cluster); stroke-linecap: var(--cluster-cap); stroke-opacity: .8; }
.points .line { stroke: var(--rule); stroke-width: 1; }
.points text { font-size: 36px; fill: var(--soft); text-anchor: middle; }
.points .left { text-anchor: end; }
.points .name, .steps .points .name { font-size: 36px; font-weight: 700; fill: var(--text);
  stroke: var(--card); stroke-width: 8px; paint-order: stroke; }
.points .label, .of-label { display: none; }
.scatter:has(.by-label:checked) {
  .points g path { stroke: var(--label); stroke-linecap: var(--label-cap); }
  .points .label { display: inline; }
  .of-label { display: block; }
  .points .cluster, .of-cluster { display: none; }
}
.scatter .legend { font-size: .85rem; }
.steps { display: flex; flex-wrap: wrap; row-gap: .2rem; }
.steps > label { display: flex; flex-direction: column; align-items: center; font-size: .8rem;
  padding: 0 .5rem; cursor: pointer; color: var(--soft); min-width: 3rem;
  background: linear-gradient(var(--rule), var(--rule)) 0 .42rem / 100% 2px no-repeat; }
.steps > label input { margin: 0 0 .2rem; }
.steps > label:has(:checked) { color: inherit; font-weight: 600; }
.steps > figure { order: 1; flex: 1 0 100%; display: none; }
.steps svg { max-width: 42rem; margin: 0 auto; }
.steps .points text { font-size: 24px; }
.steps > label:has(:checked) + figure { display: block; }
.plots { grid-template-columns: repeat(auto-fill, minmax(min(22rem, 100%), 1fr)); }
.level-0 { margin-top: 1rem; font-weight: 600; }
.level-0:empty { margin: 0; }
.level-1 { padding-left: 2.4rem; text-indent: -1.2rem; max-width: 60rem; }
.level-2 { padding-left: 2.4rem; }
.layers { margin-left: 2.4rem; }
pre { overflow-x: auto; font-size: .82rem; line-height: 1.4; padding: .8rem; background:
  var(--card); border-radius: .4rem; overflow-wrap: normal; }
.boxes { display: flex; flex-wrap: wrap; gap: .8rem; align-items: stretch; }
.box { background: var(--card); border: 1px solid var(--rule); border-radius: .4rem;
  padding: .5rem .9rem; flex: 0 1 auto; min-width: 11rem; max-width: 24rem; position: relative; }
.box h4, .part h4 { margin: 0; font-size: .95rem; }
.box small { display: block; font-weight: 400; color: var(--soft); }
.box p { font-size: .88rem; margin: .25rem 0 0; }
.box ul { padding-left: 1rem; margin: .2rem 0; }
.arrow { color: var(--mark); }
.ordered { gap: .8rem 2.2rem; }
.ordered .box + .box::before { content: "→"; position: absolute; left: -1.7rem; top: 50%;
  transform: translateY(-50%); color: var(--mark); font-size: 1.3rem; }
@media (max-width: 40rem) {
  .ordered { row-gap: 1.8rem; }
  .ordered .box + .box::before { content: "↓"; left: 1rem; top: -.9rem; }
}
.part { max-width: 60rem; margin: 1rem 0; }
.part:target { outline: 2px solid var(--mark); outline-offset: .4rem; border-radius: .2rem; }
.part p { font-size: .92rem; }
.formula { margin: .3rem 0; white-space: pre-wrap; }
.settings td { overflow-wrap: anywhere; min-width: 9rem; }
.bars { display: flex; gap: .3rem; height: 8rem; align-items: stretch; overflow-x: auto; }
.bar { flex: 1 0 1.6rem; display: flex; flex-direction: column-reverse; text-align: center;
  font-size: .72rem; max-width: 5rem; overflow-wrap: normal; }
.bar span { min-height: 1px; display: flex; }
.bar i { flex: 1; }
.bar .dot-none, .bar i { border-radius: 2px; }
.matrix td { padding: 1px; border: 0; }
.matrix td:first-child { padding: .25rem .7rem; color: var(--soft); }
.matrix span { display: block; padding: .2rem .5rem; min-width: 2.6rem; min-height: 1.9rem;
  border-radius: 3px;
  background: color-mix(in srgb, var(--mark) var(--share), var(--card)); }
.matrix .match { outline: 1.5px solid currentColor; outline-offset: -1.5px; font-weight: 600; }
.cards { display: grid; gap: .8rem; margin-top: 1rem;
  grid-template-columns: repeat(auto-fill, minmax(min(20rem, 100%), 1fr)); }
.card { background: var(--card); border-radius: .4rem; padding: .6rem .8rem; }
.card h4 { margin: 0 0 .3rem; font-size: .95rem; }
.profile { list-style: none; padding: 0; margin: .3rem 0; font-size: .85rem; }
.strip { display: flex; gap: .25rem; align-items: center; margin-top: .3rem; }
.strip > span:first-child { flex: 0 0 5rem; font-size: .8rem; color: var(--soft); }
.strip img { width: 2.6rem; height: 2.6rem; object-fit: contain; image-rendering: pixelated; }
.strip:has(.rows) { align-items: flex-start; margin-top: .5rem; }
.rows { list-style: none; padding: 0; margin: 0; font-size: .82rem; }
.rows li + li { margin-top: .3rem; }
.rows b { font-weight: 600; margin-right: .3rem; }
.ids { font-size: .85rem; }
summary { cursor: pointer; color: var(--mark); }
.run { border-top: 1px solid var(--rule); padding-top: .8rem; }
.run > summary { font-weight: 600; }
.run h1 { margin-top: 1rem; }
ul.soft { font-size: .9rem; }
details { margin: .8rem 0; }
"""
