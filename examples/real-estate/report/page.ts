// The page around the plots: one file, no script, nothing loaded from elsewhere, light and dark.
import { count, escape } from "./chart.ts";

export interface SourceRow {
  readonly asset: string;
  readonly read: number;
  readonly loaded: number;
  readonly quarantined: number;
  readonly filtered: number;
}

export interface RuleRow {
  readonly asset: string;
  readonly rule: string;
  readonly rows: number;
  readonly example: string;
}

export interface Report {
  readonly title: string;
  readonly subtitle: string;
  readonly tiles: readonly { readonly value: string; readonly label: string }[];
  readonly plots: readonly { readonly title: string; readonly note: string; readonly svg: string; readonly shape: "wide" | "tall" | "" }[];
  readonly sources: readonly SourceRow[];
  readonly rules: readonly RuleRow[];
}

const STYLE = `
:root{color-scheme:light dark;--page:#f6f7f9;--card:#fff;--ink:#161a20;--soft:#565c64;--line:#e2e5ea;--paid:#15359a;--asked:#c06b00;--ok:#1b6e5c;--band:#15359a1c;--volume:#c9cfda}
@media(prefers-color-scheme:dark){:root{--page:#0f1216;--card:#171b21;--ink:#e8ebf0;--soft:#afb6bf;--line:#2a3038;--paid:#6f9bff;--asked:#f29c17;--ok:#a0fcba;--band:#6f9bff26;--volume:#39424f}}
*{box-sizing:border-box}body{margin:0;background:var(--page);color:var(--ink);font:14px/22px Inter,system-ui,sans-serif;font-variant-numeric:tabular-nums}
main{max-width:1000px;margin:0 auto;padding:40px 20px 56px}h1{font-size:28px;line-height:34px;margin:0;font-weight:600;letter-spacing:-.02em}h2{font-size:16px;margin:0;font-weight:600}
p{margin:4px 0 0;color:var(--soft)}.tiles,.plots{display:grid;gap:12px;margin-top:20px}.tiles{grid-template-columns:repeat(auto-fit,minmax(150px,1fr))}.plots{grid-template-columns:1fr 1fr}
.card{background:var(--card);border:1px solid var(--line);border-radius:8px;padding:18px 20px}.wide{grid-column:1/-1}.tall{grid-row:span 2}.value{font-size:24px;line-height:30px;font-weight:600;letter-spacing:-.02em}
svg{display:block;width:100%;height:auto;margin-top:12px;overflow:visible}text{fill:var(--soft);font-size:12px}.small{font-size:10.5px}.name{font-size:13px;font-weight:600}
.grid{stroke:var(--line);fill:none}.axis{stroke:var(--soft);fill:none}.dashed{stroke-dasharray:5 4}.line{fill:none;stroke-width:2.4;stroke-linejoin:round}.link{stroke:var(--soft);stroke-width:1.5;fill:none}
.band{fill:var(--band)}.volume{fill:var(--volume)}circle.paid{fill:var(--paid)}circle.asked{fill:var(--asked)}circle.hollow{fill:var(--card);stroke:var(--asked);stroke-width:2}.line.paid{stroke:var(--paid)}.line.asked{stroke:var(--asked)}
text.paid{fill:var(--paid)}text.asked{fill:var(--asked)}.pair{fill-opacity:.42}.over{fill:var(--asked)}.under{fill:var(--paid)}.legend{display:flex;gap:16px;flex-wrap:wrap}.key{display:inline-flex;align-items:center;gap:6px}
.key i{width:10px;height:10px;border-radius:50%;background:var(--paid)}.key.asked i{background:none;border:2px solid var(--asked)}.key.over i{background:var(--asked)}.key.band i{border-radius:2px;background:var(--band);outline:1px solid var(--line)}
table{border-collapse:collapse;width:100%;margin-top:12px}th{font-weight:500;color:var(--soft);text-align:left}th,td{padding:6px 18px 6px 0;border-bottom:1px solid var(--line);vertical-align:top}.n{text-align:right}tr:last-child td{border:0}
code{font:12px/18px ui-monospace,monospace;color:var(--soft);overflow-wrap:anywhere}.ok{color:var(--ok);font-weight:600}
@media(max-width:760px){.plots{grid-template-columns:1fr}.card{overflow-x:auto}}`;

export function page({ title, subtitle, tiles, plots, sources, rules }: Report): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1"><title>${escape(title)}</title><style>${STYLE}</style></head>
<body><main><h1>${escape(title)}</h1><p>${escape(subtitle)}</p>
<section class="tiles">${tiles.map((tile) => `<div class="card"><div class="value">${escape(tile.value)}</div><p>${escape(tile.label)}</p></div>`).join("")}</section>
<section class="plots">${plots.map((plot) => `<figure class="card ${plot.shape}" style="margin:0"><h2>${escape(plot.title)}</h2><p class="legend">${plot.note}</p>${plot.svg}</figure>`).join("")}
<div class="card wide"><h2>Every record is accounted for</h2>${sourceTable(sources)}</div>
<div class="card wide"><h2>In quarantine</h2><p>Set aside with reason, place and raw form: <code>npx millrace quarantine list</code></p>${ruleTable(rules)}</div></section></main></body></html>
`;
}

function sourceTable(sources: readonly SourceRow[]): string {
  const body = sources.map((row) => {
    const adds = row.read === row.loaded + row.quarantined + row.filtered;
    const cells = [row.read, row.loaded, row.quarantined, row.filtered].map((value) => `<td class="n">${count(value)}</td>`);
    return `<tr><td>${escape(row.asset)}</td>${cells.join("")}<td>${adds ? '<span class="ok">✓ adds up</span>' : "✗ does not add up"}</td></tr>`;
  });
  const head = ["read", "= loaded", "+ quarantined", "+ filtered"].map((name) => `<th class="n">${name}</th>`).join("");
  return `<table><tr><th>source</th>${head}<th></th></tr>${body.join("")}</table>`;
}

function ruleTable(rules: readonly RuleRow[]): string {
  const body = rules.map(
    (row) =>
      `<tr><td>${escape(row.asset)}</td><td>${escape(row.rule)}</td><td class="n">${count(row.rows)}</td><td><code>${escape(row.example)}</code></td></tr>`,
  );
  return `<table><tr><th>source</th><th>rule</th><th class="n">records</th><th>for example</th></tr>${body.join("")}</table>`;
}

/** An entry of a legend: a mark and a word. */
export function key(kind: "paid" | "asked" | "over" | "under" | "band", word: string): string {
  return `<span class="key ${kind}"><i></i>${escape(word)}</span>`;
}
