/** When each state was running: nested bars in virtualised rows, with a zoom. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addShortcuts } from "../shell/keyboard";
import { duration, number, statusText } from "../ui/format";
import { Icon, STATUS_ICONS } from "../ui/icons";
import { Empty, Skeleton } from "../ui/states";
import { enterIteration, selectState } from "./address";
import { Refusal } from "./error";
import type { Span } from "./history";
import { moved, ticks, timelineRows, zoomed, type TimelineRow, type Window } from "./rows-of";
import { useHistory, type HistoryLoader } from "./use-history";
import { Rows } from "./virtual";

const ROW = 30;
const INDENT = 16;

interface Properties {
  loader: HistoryLoader;
  /** The path of a state by its name. */
  paths: ReadonlyMap<string, string>;
  running: boolean;
}

export function Timeline({ loader, paths, running }: Properties) {
  const loading = useHistory(loader);
  const { history, version } = loading;
  const [toggled, setToggled] = useState<ReadonlySet<string>>(new Set());
  const [onlyWrong, setOnlyWrong] = useState(false);
  const [view, setView] = useState<Window | undefined>();
  const rows = useMemo(() => timelineRows(history.roots, toggled, onlyWrong), [history, version, toggled, onlyWrong]); // eslint-disable-line react-hooks/exhaustive-deps -- the history changes in place
  const whole = { from: history.start, to: Math.max(history.start + 1, history.end) };
  const shown = view ?? whole;
  const change = (next: Window) => setView(next.from <= whole.from && next.to >= whole.to ? undefined : next);
  const current = useRef({ shown, whole, change });
  current.current = { shown, whole, change };
  useEffect(() => {
    const zoom = (factor: number) => current.current.change(zoomed(current.current.shown, current.current.whole, factor));
    const move = (part: number) => current.current.change(moved(current.current.shown, current.current.whole, part));
    return addShortcuts([
      { keys: "+", what: "Zoom in", run: () => zoom(0.5) },
      { keys: "-", what: "Zoom out", run: () => zoom(2) },
      { keys: "0", what: "Show the whole time", run: () => setView(undefined) },
      { keys: "<", what: "Earlier", run: () => move(-0.5) },
      { keys: ">", what: "Later", run: () => move(0.5) },
    ]);
  }, []);
  if (loading.error !== undefined && !rows.length) return <Refusal error={loading.error} retry={() => loader.retry()} />;
  if (!rows.length) return loading.complete ? <Empty title="No state was entered" /> : <Skeleton rows={8} />;
  const toggle = (key: string) => {
    const next = new Set(toggled);
    if (!next.delete(key)) next.add(key);
    setToggled(next);
  };
  const hasLoop = rows.some((row) => row.kind === "Map");
  return (
    <section class="card timeline" aria-label="Timeline">
      <div class="timeline-tools">
        <p class="muted" role="status">
          {loading.complete ? `${number(history.rows.length)} events` : running ? `${number(history.rows.length)} events so far` : `Loading, ${number(history.rows.length)} events …`}
        </p>
        {hasLoop && (
          <label class="check">
            <input type="checkbox" checked={onlyWrong} onChange={(event) => setOnlyWrong(event.currentTarget.checked)} /> Only iterations with errors
          </label>
        )}
        <span class="choice" role="group" aria-label="Zoom">
          <button type="button" aria-label="Earlier" disabled={!view} onClick={() => change(moved(shown, whole, -0.5))}>
            <Icon name="left" />
          </button>
          <button type="button" aria-label="Zoom out" title="Zoom out (-)" disabled={!view} onClick={() => change(zoomed(shown, whole, 2))}>
            −
          </button>
          <button type="button" title="The whole time (0)" disabled={!view} onClick={() => setView(undefined)}>
            Fit
          </button>
          <button type="button" aria-label="Zoom in" title="Zoom in (+)" onClick={() => change(zoomed(shown, whole, 0.5))}>
            +
          </button>
          <button type="button" aria-label="Later" disabled={!view} onClick={() => change(moved(shown, whole, 0.5))}>
            <Icon name="right" />
          </button>
        </span>
      </div>
      <Axis shown={shown} start={history.start} />
      <div
        role="treegrid"
        aria-label="States by time"
        aria-rowcount={rows.length}
        onWheel={(event) => {
          if (!event.ctrlKey) return;
          event.preventDefault();
          const track = event.currentTarget.querySelector(".track")?.getBoundingClientRect();
          const point = track ? Math.max(0, Math.min(1, (event.clientX - track.left) / track.width)) : 0.5;
          change(zoomed(shown, whole, event.deltaY > 0 ? 1.25 : 0.8, point));
        }}
      >
        <Rows count={rows.length} row={ROW} label="States by time" class="timeline-rows" level={(index) => levelOf(rows[index])}>
          {(index) => {
            const row = rows[index];
            return row ? <Bar row={row} shown={shown} whole={whole} onToggle={toggle} paths={paths} /> : null;
          }}
        </Rows>
      </div>
    </section>
  );
}

function levelOf(row: TimelineRow | undefined) {
  return row && { "aria-level": row.depth + 1, ...(row.folder ? { "aria-expanded": row.folder === "open" } : {}) };
}

function Axis({ shown, start }: { shown: Window; start: number }) {
  const length = shown.to - shown.from;
  const most = matchMedia("(max-width: 700px)").matches ? 2 : 7;
  return (
    <div class="timeline-row axis" aria-hidden="true">
      <span class="timeline-name muted small">State</span>
      <span class="track">
        {ticks(shown.from - start, shown.to - start, most).map((at) => {
          const left = ((at + start - shown.from) / length) * 100;
          return (
            <span key={at} class={left > 92 ? "tick end" : "tick"} style={{ left: `${left}%` }}>
              {duration(at)}
            </span>
          );
        })}
      </span>
    </div>
  );
}

interface BarProperties {
  row: TimelineRow;
  shown: Window;
  whole: Window;
  paths: ReadonlyMap<string, string>;
  onToggle: (key: string) => void;
}

function Bar({ row, shown, whole, paths, onToggle }: BarProperties) {
  const end = row.end || whole.to;
  const length = shown.to - shown.from;
  const left = Math.max(0, Math.min(100, ((row.start - shown.from) / length) * 100));
  const right = Math.max(0, Math.min(100, ((end - shown.from) / length) * 100));
  const out = end < shown.from || row.start > shown.to;
  const took = duration(end - row.start);
  const label = row.iteration === undefined ? row.name : `iteration ${row.name}`;
  const go = () => open(row, paths);
  return (
    <div class="timeline-row" role="gridcell">
      <span class="timeline-name" style={{ paddingLeft: `${row.depth * INDENT}px` }}>
        {row.folder ? (
          <button type="button" class="plain fold-button" aria-expanded={row.folder === "open"} aria-label={`${row.folder === "open" ? "Close" : "Open"} ${label}`} onClick={() => onToggle(row.key)}>
            <Icon name="open" />
          </button>
        ) : (
          <span class="fold-button" />
        )}
        <Icon name={STATUS_ICONS[row.status] ?? "pending"} />
        <button type="button" class="link" data-row aria-label={`${label}, ${statusText(row.status)}, ${took}`} onClick={go}>
          {label}
        </button>
        {row.attempts > 1 && <span class="muted small">attempt {row.attempts}</span>}
      </span>
      <span class="track" onClick={go}>
        {!out && (
          <span class={`time-bar bar-${row.status.toLowerCase()}`} style={{ left: `${left}%`, width: `${right - left}%` }} title={`${label}: ${statusText(row.status)}, ${took}${row.error ? `, ${row.error}` : ""}`}>
            <span class={`took ${right < 88 ? "" : left > 12 ? "before" : "within"}`}>{took}</span>
          </span>
        )}
      </span>
    </div>
  );
}

/** Opens what a row is about: an iteration, or a state, perhaps in an iteration. */
function open(row: TimelineRow, paths: ReadonlyMap<string, string>): void {
  const indexes: number[] = row.iteration === undefined ? [] : [row.iteration];
  let map = row.iteration === undefined ? undefined : row.span.name;
  for (let span: Span | undefined = row.span; span; span = span.container) {
    if (span.container?.kind !== "Map") continue;
    map ??= span.container.name;
    indexes.unshift(span.index);
  }
  const mapPath = map === undefined ? undefined : paths.get(map);
  if (mapPath !== undefined) enterIteration(mapPath, indexes.join("."));
  if (row.iteration === undefined) selectState(paths.get(row.span.name));
}
