/** A run as one page that opens without a server, a network or scripts. */
import type { GraphData } from "../graph/picture";
import { absolute, between, number, statusText } from "../ui/format";
import { PATHS, STATUS_ICONS } from "../ui/icons";
import { causeOf } from "./causes";
import { nodeStatuses, noteOf, type Run, type State } from "./model";

const STYLE = `:root{color-scheme:light dark;--bg:#f7f8fb;--surface:#fff;--border:#d5dae6;--text:#161b26;--muted:#58627a;--green:#11753a;--green-soft:#def5e6;--red:#b91c2f;--red-soft:#fde7e9;--blue:#1d5fd1;--blue-soft:#e3edfd;--amber:#8f5200;--amber-soft:#fdf0d3}
@media(prefers-color-scheme:dark){:root{--bg:#0e1117;--surface:#161b24;--border:#39445a;--text:#e8ebf2;--muted:#9fa9bd;--green:#5fd48d;--green-soft:#143324;--red:#ff8a94;--red-soft:#3d1c23;--blue:#7fb3ff;--blue-soft:#182c4b;--amber:#f3bd5f;--amber-soft:#392b12}}
body{margin:0 auto;max-width:1080px;padding:32px 20px;background:var(--bg);color:var(--text);font:14px/1.5 system-ui,sans-serif}
h1{margin:0 0 4px;font-size:24px}h2{margin:32px 0 12px;font-size:17px}.muted{color:var(--muted)}
dl{display:flex;flex-wrap:wrap;gap:12px 32px}dt{color:var(--muted);font-size:12px}dd{margin:0;overflow-wrap:anywhere}
.box{overflow:auto;padding:12px 16px;border:1px solid var(--border);border-radius:10px;background:var(--surface)}
.bad{border-color:var(--red);background:var(--red-soft)}
pre{margin:8px 0;white-space:pre-wrap;overflow-wrap:anywhere;font:12.5px/1.6 ui-monospace,monospace}
details{border-top:1px solid var(--border);padding:8px 0}details:first-child{border:0}summary{cursor:pointer}
.s{display:inline-block;min-width:84px;font-weight:600}.succeeded{color:var(--green)}.failed,.timed_out{color:var(--red)}.running,.waiting{color:var(--blue)}.caught,.retrying,.aborted{color:var(--amber)}
svg{display:block;margin:auto;font:13px system-ui,sans-serif}svg rect{fill:var(--surface);stroke:var(--border)}svg text{fill:var(--text)}svg .l{fill:none;stroke:var(--muted)}svg .d{stroke-dasharray:4 4}svg .i{fill:none;stroke:currentColor;stroke-width:1.6}svg .n{font-size:11px;fill:var(--muted)}
g.succeeded rect{fill:var(--green-soft);stroke:var(--green)}g.failed rect,g.timed_out rect{fill:var(--red-soft);stroke:var(--red)}g.running rect,g.waiting rect{fill:var(--blue-soft);stroke:var(--blue)}g.caught rect,g.retrying rect,g.aborted rect{fill:var(--amber-soft);stroke:var(--amber)}g.not_reached{opacity:.55}g.c rect{fill-opacity:.35}`;

/** Makes a text safe within HTML and its attributes. */
export function escaped(text: unknown): string {
  return String(text).replaceAll("&", "&amp;").replaceAll("<", "&lt;").replaceAll(">", "&gt;").replaceAll('"', "&quot;");
}

/** Returns the whole document. */
export function page(run: Run, states: readonly State[], graph: GraphData | null | undefined): string {
  const facts: [string, string][] = [
    ["Status", statusText(run.status)],
    ["Started", absolute(run.startDate)],
    ["Ended", run.stopDate ? absolute(run.stopDate) : "–"],
    ["Duration", between(run.startDate, run.stopDate, Date.now())],
    ["Execution", run.executionId],
    ...Object.entries(run.labels),
  ];
  const title = `${run.flow}: ${statusText(run.status).toLowerCase()}`;
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width,initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<title>${escaped(title)}</title><style>${STYLE}</style></head><body>
<h1>${escaped(run.flow)}</h1>
<dl>${facts.map(([name, value]) => `<div><dt>${escaped(name)}</dt><dd>${escaped(value)}</dd></div>`).join("")}</dl>
${run.error ? `<div class="box bad"><strong>${escaped(run.error)}</strong><pre>${escaped(causeOf(run.cause).message)}</pre></div>` : ""}
${graph ? `<h2>Graph</h2><div class="box">${drawing(graph, states)}</div>` : ""}
<h2>States</h2><div class="box">${states.map(stateDetails).join("") || "None."}</div>
<h2>Input</h2><pre class="box">${json(run.input)}</pre>
<h2>Output</h2><pre class="box">${json(run.output)}</pre>
<p class="muted">Saved on ${escaped(absolute(new Date().toISOString()))}.</p>
</body></html>
`;
}

function json(value: unknown): string {
  return escaped(JSON.stringify(value, null, 2) ?? "");
}

function stateDetails(state: State): string {
  const note = noteOf(state);
  const loop = state.iterations;
  const failed = loop?.failedIndexes.length ? `<p>Failed iterations: ${escaped(loop.failedIndexes.map(number).join(", "))}</p>` : "";
  const after = { ...state.variables, ...state.assigned };
  const variables = Object.keys(after).length ? `<p class="muted">Variables</p><pre>${json(after)}</pre>` : "";
  const error = state.error ? `<p><strong>${escaped(state.error)}</strong> ${escaped(causeOf(state.cause).message)}</p>` : "";
  return `<details><summary><span class="s ${state.status.toLowerCase()}">${escaped(statusText(state.status))}</span> ${escaped(state.name)} <span class="muted">${escaped(between(state.entered, state.exited, Date.now()))}${note ? `, ${escaped(note)}` : ""}</span></summary>${error}${failed}<p class="muted">Input</p><pre>${json(state.input)}</pre><p class="muted">Output</p><pre>${json(state.output)}</pre>${variables}</details>`;
}

function drawing(graph: GraphData, states: readonly State[]): string {
  const statuses = nodeStatuses(graph, states, []);
  const node = (item: GraphData["nodes"][number]): string => {
    if (item.kind === "start" || item.kind === "end") return `<circle cx="${item.x + 9}" cy="${item.y + 9}" r="6" fill="currentColor"/>`;
    const status = statuses.get(item.path);
    const y = item.container ? item.y + 20 : item.y + item.height / 2 + 4.5;
    const icon = PATHS[STATUS_ICONS[status?.status ?? ""] ?? "pending"] ?? "";
    const note = status?.note ? `<text class="n" x="${item.x + item.width / 2 + 10}" y="${item.y - 5}">${escaped(status.note)}</text>` : "";
    return `<g class="${status?.status.toLowerCase() ?? ""}${item.container ? " c" : ""}"><title>${escaped(statusText(status?.status ?? ""))}</title><rect x="${item.x}" y="${item.y}" width="${item.width}" height="${item.height}" rx="9"/><svg x="${item.x + 10}" y="${y - 13}" width="16" height="16" viewBox="0 0 16 16"><path class="i" d="${icon}"/></svg><text x="${item.x + 32}" y="${y}">${escaped(item.name)}</text>${note}</g>`;
  };
  const lines = graph.edges.map((edge) => `<path class="l${edge.dashed ? " d" : ""}" d="${escaped(edge.line)}"${edge.joins ? "" : ' marker-end="url(#a)"'}/>${edge.label ? `<text class="n" text-anchor="middle" x="${edge.labelX}" y="${edge.labelY + 4}">${escaped(edge.label)}</text>` : ""}`);
  return `<svg viewBox="0 0 ${graph.width} ${graph.height}" width="${graph.width}" height="${graph.height}" role="img" aria-label="Graph of the states"><defs><marker id="a" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 .5 8 4 0 7.5Z" fill="currentColor"/></marker></defs>${graph.nodes.filter((item) => item.container).map(node).join("")}${lines.join("")}${graph.nodes.filter((item) => !item.container).map(node).join("")}</svg>`;
}

/** Offers a text as a file. */
export function save(name: string, type: string, content: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([content], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
}
