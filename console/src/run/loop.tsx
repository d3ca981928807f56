/** A loop at a glance: how its iterations ended, where it failed, and the way into each one. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { theme } from "../shell/theme";
import { duration, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { enterIteration, leaveIteration, place, withLast, WRONG } from "./address";
import { findMap, indexesOf, Outcome, type Iteration } from "./history";
import { mapAround, nextOf, type Iterations, type State } from "./model";
import { iterationAt, layOut } from "./strip";
import { useHistory, type HistoryLoader } from "./use-history";

const NONE: readonly undefined[] = [];
const HEIGHT = 128;
const SHOWN = 24;
const NAMES: Record<Outcome, string> = { [Outcome.Unknown]: "not begun", [Outcome.Running]: "running", [Outcome.Succeeded]: "succeeded", [Outcome.Retried]: "succeeded after a retry", [Outcome.Caught]: "error caught", [Outcome.Aborted]: "aborted", [Outcome.Failed]: "failed" };
const COLOURS: Record<Outcome, string> = { [Outcome.Unknown]: "--grey-soft", [Outcome.Running]: "--blue", [Outcome.Succeeded]: "--strip-fine", [Outcome.Retried]: "--strip-retried", [Outcome.Caught]: "--strip-caught", [Outcome.Aborted]: "--border-strong", [Outcome.Failed]: "--red" };

/** Which iterations of a Map something went wrong in, as far as it is known. */
export function wrongOnes(counts: Iterations, iterations: readonly (Iteration | undefined)[] | undefined): { failed: number[]; caught: number[] } {
  if (!iterations) return { failed: counts.failedIndexes, caught: [] };
  const failed = indexesOf(iterations, Outcome.Failed);
  return { failed: failed.length >= counts.failedIndexes.length ? failed : counts.failedIndexes, caught: indexesOf(iterations, Outcome.Caught) };
}

/** Returns the iterations of a Map from the history, the indexes around it in an iteration. */
export function useIterations(loader: HistoryLoader, map: State | undefined): readonly (Iteration | undefined)[] | undefined {
  const loading = useHistory(loader, map?.iterations !== undefined && map.iterations.mapRunArn === undefined);
  if (!map) return undefined;
  const { iteration, path } = place();
  const around = iteration?.split(".").map(Number) ?? [];
  const found = findMap(loading.history.roots, map.name, path === map.path ? around.slice(0, -1) : around);
  return found?.iterations.length ? found.iterations : undefined;
}

export interface LoopView {
  /** Whether the events that tell about the iterations are still being loaded. */
  loading: boolean;
  map: State;
  counts: Iterations;
  iterations: readonly (Iteration | undefined)[] | undefined;
}

/** The sorted indexes of what failed or was caught. */
export function stops({ counts, iterations }: LoopView): number[] {
  const { failed, caught } = wrongOnes(counts, iterations);
  return [...failed, ...caught].sort((first, second) => first - second);
}

/** Goes to the next or the previous iteration in which something went wrong. Returns whether there is one. */
export function goToWrong(view: LoopView, step: 1 | -1): boolean {
  const { path, iteration } = place();
  const mapPath = view.map.path ?? "";
  if (view.counts.failedExecutions?.length) {
    const names = view.counts.failedExecutions;
    const next = nextOf(names.map((_, index) => index), path === mapPath ? names.indexOf(iteration ?? "") : undefined, step);
    const name = next === undefined ? undefined : names[next];
    if (name !== undefined) enterIteration(mapPath, name, WRONG);
    return name !== undefined;
  }
  const inside = path === mapPath;
  const current = inside ? Number(iteration?.split(".").at(-1)) : undefined;
  const next = nextOf(stops(view), current, step);
  if (next !== undefined) enterIteration(mapPath, inside ? withLast(iteration, next) : [...(iteration ? [iteration] : []), next].join("."), WRONG);
  return next !== undefined;
}

export function Loop({ view }: { view: LoopView }) {
  const { map, counts, iterations } = view;
  const { path, iteration } = place();
  const mapPath = map.path ?? "";
  const inside = path === mapPath;
  const last = inside ? iteration?.split(".").at(-1) : undefined;
  const current = last !== undefined && counts.mapRunArn === undefined ? Number(last) : undefined;
  const enter = (index: number, state?: string) => enterIteration(mapPath, inside ? withLast(iteration, index) : [...(iteration ? [iteration] : []), index].join("."), state);
  const enterWrong = (index: number) => enter(index, WRONG);
  const { failed, caught } = wrongOnes(counts, iterations);
  return (
    <section class="card loop" aria-label={`Iterations of ${map.name}`}>
      <header class="loop-head">
        <div>
          <h2>
            {map.name} {inside && <span class="muted">› {current === undefined ? last : `iteration ${number(current)}`}</span>}
          </h2>
          <Summary counts={counts} caught={caught.length} />
        </div>
        <LoopActions view={view} current={current} onEnter={enter} />
      </header>
      {counts.mapRunArn === undefined && counts.total > 0 && <Strip iterations={iterations ?? NONE} loading={view.loading} total={counts.total} current={current} onEnter={enter} label={map.name} />}
      <Links title="Failed" indexes={failed} current={current} onEnter={enterWrong} kind="failed" />
      <Links title="Caught" indexes={caught} current={current} onEnter={enterWrong} kind="caught" />
      <ChildLinks map={map} counts={counts} current={last} />
    </section>
  );
}

/** The buttons that lead from iteration to iteration. */
function LoopActions({ view, current, onEnter }: { view: LoopView; current: number | undefined; onEnter: (index: number) => void }) {
  const { map, counts } = view;
  const mapPath = map.path ?? "";
  const last = counts.total - 1;
  return (
    <div class="actions">
      {place().path === mapPath && (
        <button type="button" onClick={() => leaveIteration(mapAround(mapPath))}>
          <Icon name="back" /> Leave iteration
        </button>
      )}
      {counts.mapRunArn === undefined && counts.total > 0 && (
        <>
          <button type="button" aria-label="Previous iteration" title="Previous iteration ([)" disabled={!current} onClick={() => onEnter((current ?? 1) - 1)}>
            <Icon name="left" />
          </button>
          <GoTo total={counts.total} current={current} onGo={onEnter} />
          <button type="button" aria-label="Next iteration" title="Next iteration (])" disabled={current !== undefined && current >= last} onClick={() => onEnter(current === undefined ? 0 : current + 1)}>
            <Icon name="right" />
          </button>
        </>
      )}
      {(stops(view).length > 0 || (counts.failedExecutions?.length ?? 0) > 0) && (
        <>
          <button type="button" title="Previous error (p)" onClick={() => goToWrong(view, -1)}>
            Previous error
          </button>
          <button type="button" class="primary" title="Next error (n)" onClick={() => goToWrong(view, 1)}>
            Next error
          </button>
        </>
      )}
    </div>
  );
}

/** Links into the failed executions of a distributed Map, which have names in place of indexes. */
function ChildLinks({ map, counts, current }: { map: State; counts: Iterations; current: string | undefined }) {
  const names = counts.failedExecutions ?? [];
  if (!names.length) return null;
  const shown = names.slice(0, SHOWN);
  return (
    <p class="loop-links">
      <span class="loop-kind failed">
        <Icon name="failed" /> Failed
      </span>
      {shown.map((name) => (
        <button key={name} type="button" class="chip mono" title={name} aria-label={`Execution ${name}, failed`} aria-pressed={current === name} onClick={() => enterIteration(map.path ?? "", name, WRONG)}>
          {name.slice(0, 8)}
        </button>
      ))}
      {counts.failed > shown.length && <span class="muted">and {number(counts.failed - shown.length)} more</span>}
    </p>
  );
}

function Summary({ counts, caught }: { counts: Iterations; caught: number }) {
  const parts = [
    counts.failed ? `${number(counts.failed)} of ${number(counts.total)} failed` : `${number(counts.succeeded)} of ${number(counts.total)} succeeded`,
    counts.failed ? `${number(counts.succeeded)} succeeded` : "",
    caught ? `${number(caught)} with a caught error` : "",
    counts.running ? `${number(counts.running)} running` : "",
    counts.aborted ? `${number(counts.aborted)} aborted` : "",
  ];
  return (
    <p class="muted" role="status">
      {parts.filter(Boolean).join(", ")}
    </p>
  );
}

function GoTo({ total, current, onGo }: { total: number; current: number | undefined; onGo: (index: number) => void }) {
  return (
    <input
      class="go-to number"
      type="number"
      min={0}
      max={total - 1}
      value={current ?? ""}
      placeholder="Go to"
      aria-label="Go to iteration"
      onChange={(event) => {
        const index = event.currentTarget.valueAsNumber;
        if (Number.isInteger(index) && index >= 0 && index < total) onGo(index);
      }}
    />
  );
}

function Links({ title, indexes, current, onEnter, kind }: { title: string; indexes: number[]; current: number | undefined; onEnter: (index: number) => void; kind: "failed" | "caught" }) {
  const [all, setAll] = useState(false);
  if (!indexes.length) return null;
  const shown = all ? indexes.slice(0, 500) : indexes.slice(0, SHOWN);
  return (
    <p class="loop-links">
      <span class={`loop-kind ${kind}`}>
        <Icon name={kind} /> {title}
      </span>
      {shown.map((index) => (
        <button key={index} type="button" class="chip number" aria-label={`Iteration ${index}, ${kind}`} aria-pressed={index === current} onClick={() => onEnter(index)}>
          {index}
        </button>
      ))}
      {shown.length < indexes.length && (
        <button type="button" class="link" onClick={() => setAll(true)}>
          and {number(indexes.length - shown.length)} more
        </button>
      )}
    </p>
  );
}

interface StripProperties {
  iterations: readonly (Iteration | undefined)[];
  total: number;
  current: number | undefined;
  label: string;
  loading: boolean;
  onEnter: (index: number, state?: string) => void;
}

function Strip({ iterations, total, current, label, loading, onEnter }: StripProperties) {
  const canvas = useRef<HTMLCanvasElement>(null);
  const box = useRef<HTMLDivElement>(null);
  const [width, setWidth] = useState(0);
  const [hovered, setHovered] = useState<number | undefined>();
  const [, setScheme] = useState(0);
  useLayoutEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useEffect(() => {
    const media = matchMedia("(prefers-color-scheme: dark)");
    const change = () => setScheme((value) => value + 1);
    media.addEventListener("change", change);
    return () => media.removeEventListener("change", change);
  }, []);
  const count = Math.max(total, iterations.length);
  const layout = layOut(count, Math.max(1, width), HEIGHT);
  const colours = theme.value; // drawn again in another theme
  useLayoutEffect(() => {
    if (canvas.current && width) draw(canvas.current, layout, count, iterations, current);
  });
  const at = (event: MouseEvent) => {
    const place = canvas.current?.getBoundingClientRect();
    return place ? iterationAt(layout, count, event.clientX - place.left, event.clientY - place.top) : undefined;
  };
  const shown = hovered === undefined ? undefined : iterations[hovered];
  return (
    <div class="strip" ref={box} data-theme-drawn={colours}>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Overview of the ${number(count)} iterations of ${label}. The lists and buttons around it lead to each one.`}
        onMouseMove={(event) => setHovered(at(event))}
        onMouseLeave={() => setHovered(undefined)}
        onClick={(event) => {
          const index = at(event);
          if (index === undefined) return;
          const ones = iterations.slice(index, index + layout.per);
          const worst = ones.findIndex((item) => (item?.outcome ?? 0) >= Outcome.Caught);
          onEnter(index + Math.max(0, worst), worst < 0 ? undefined : WRONG);
        }}
      />
      <p class="strip-note muted small">
        {hovered !== undefined ? (
          `${number(hovered)}${layout.per > 1 ? ` to ${number(Math.min(count, hovered + layout.per) - 1)}` : ""}: ${NAMES[shown?.outcome ?? Outcome.Unknown]}${shown?.end ? `, ${duration(shown.end - shown.start)}` : ""}`
        ) : (
          <>
            <Legend iterations={iterations} />
            {loading && <span>Reading the events …</span>}
          </>
        )}
      </p>
    </div>
  );
}

function Legend({ iterations }: { iterations: readonly (Iteration | undefined)[] }) {
  const present = [Outcome.Failed, Outcome.Caught, Outcome.Retried, Outcome.Running, Outcome.Aborted, Outcome.Succeeded].filter((outcome) => iterations.some((item) => item?.outcome === outcome));
  return (
    <>
      {present.map((outcome) => (
        <span key={outcome} class={`key key-${Outcome[outcome]?.toLowerCase()}`}>
          {NAMES[outcome]}
        </span>
      ))}
    </>
  );
}

function draw(canvas: HTMLCanvasElement, layout: ReturnType<typeof layOut>, count: number, iterations: readonly (Iteration | undefined)[], current: number | undefined): void {
  const scale = devicePixelRatio || 1;
  const { size, columns, rows, per } = layout;
  canvas.width = columns * size * scale;
  canvas.height = rows * size * scale;
  canvas.style.width = `${columns * size}px`;
  canvas.style.height = `${rows * size}px`;
  const context = canvas.getContext("2d");
  if (!context) return;
  context.scale(scale, scale);
  const style = getComputedStyle(canvas);
  const colours = new Map(Object.entries(COLOURS).map(([outcome, name]) => [Number(outcome), style.getPropertyValue(name)]));
  const side = size - (size > 4 ? 1.5 : 0.75);
  for (let cell = 0; cell * per < count; cell++) {
    let worst = Outcome.Unknown;
    for (let index = cell * per; index < Math.min(count, (cell + 1) * per); index++) worst = Math.max(worst, iterations[index]?.outcome ?? Outcome.Unknown);
    context.fillStyle = colours.get(worst) ?? "";
    context.fillRect((cell % columns) * size, Math.floor(cell / columns) * size, side, side);
  }
  if (current === undefined) return;
  const cell = Math.floor(current / per);
  context.strokeStyle = style.getPropertyValue("--text");
  context.lineWidth = 2;
  context.strokeRect((cell % columns) * size - 1, Math.floor(cell / columns) * size - 1, side + 2, side + 2);
}
