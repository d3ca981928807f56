/** The states of a run: in the graph and as a list, with the one that is chosen, and the loops. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { Graph, type GraphData } from "../graph/graph";
import { at } from "../flows/page";
import { addShortcuts } from "../shell/keyboard";
import { query, setQuery } from "../shell/router";
import { Icon } from "../ui/icons";
import { Duration, Status } from "../ui/parts";
import { Empty, Skeleton } from "../ui/states";
import { enterIteration, place, selectState, withLast, WRONG } from "./address";
import { Refusal } from "./error";
import type { Followed } from "./follow";
import { lazily } from "./lazy";
import { goToWrong, Loop, useIterations, type LoopView } from "./loop";
import type { LogLoader } from "./logs";
import { keyOf, mapAround, nextWrong, nodeStatuses, noteOf, wentWrong, type Run, type State } from "./model";
import { StatePanel } from "./state-panel";
import { useHistory, type HistoryLoader } from "./use-history";

const Workbench = lazily(async () => (await import("./workbench")).Workbench);
/** Around the chosen state, in pixels. */
const MARGIN = 30;
/** Where less of the graph is in the window, the window has to be scrolled in any case. */
const LEAST = 200;

interface Properties {
  run: Run;
  around: Followed;
  /** The states of the iteration that is shown. */
  inside: Followed | undefined;
  /** The Map that the iteration is of, if its state is known. */
  map: State | undefined;
  graph: GraphData | null | undefined;
  definition: unknown;
  /** Whether states can be tried in the workbench. */
  testable: boolean;
  loader: HistoryLoader;
  logs: LogLoader;
}

export function StatesTab(properties: Properties) {
  const { run, around, inside, map, definition, testable, loader } = properties;
  const shown = inside ?? around;
  const all = inside ? [...inside.states, ...around.states] : around.states;
  const selected = selectedIn(all, inside);
  const view = useLoop(selected?.iterations ? selected : map, loader, run.status === "RUNNING");
  const path = testable ? selected?.path : undefined;
  useKeys({ states: shown.states, selected: selected && keyOf(selected), view, canTry: Boolean(path) });
  if (selected && path && query.value.get("bench") !== null) {
    return <Workbench key={`${path} ${place().iteration}`} run={run} state={selected} path={path} definition={at(definition, path)} />;
  }
  return <Overview {...properties} selected={selected} all={all} view={view} />;
}

type OverviewProperties = Properties & { selected: State | undefined; all: readonly State[]; view: LoopView | undefined };

/** The graph with the loop above it, beside the chosen state. */
function Overview({ view, all, selected, ...properties }: OverviewProperties) {
  const { around, inside, graph, loader } = properties;
  const { path, state } = place();
  return (
    <>
      {around.error !== undefined && <Refusal error={around.error} retry={around.retry} />}
      {view && <Loop view={view} />}
      <div class={graph ? "beside run-beside" : ""}>
        {graph && <RunGraph graph={graph} around={around} inside={inside} loader={loader} ready={view !== undefined || path === undefined} selected={selected?.path ?? state} />}
        <Chosen {...properties} selected={selected} all={all} />
      </div>
    </>
  );
}

/** Returns the state that the address names. */
function selectedIn(all: readonly State[], inside: Followed | undefined): State | undefined {
  const { state: wanted } = place();
  return wanted === WRONG ? inside?.states.findLast(wentWrong) : all.find((state) => keyOf(state) === wanted);
}

/** Returns what is known of a loop. */
function useLoop(map: State | undefined, loader: HistoryLoader, running: boolean): LoopView | undefined {
  const iterations = useIterations(loader, map);
  return map?.iterations && { map, counts: map.iterations, iterations, loading: !running && !loader.state.value.complete };
}

type ChosenProperties = Pick<Properties, "run" | "around" | "inside" | "definition" | "testable" | "logs"> & { selected: State | undefined; all: readonly State[] };

/** The state that is chosen, or the list of all. */
function Chosen({ run, around, inside, definition, testable, logs, selected, all }: ChosenProperties) {
  const { state: path, iteration } = place();
  const shown = inside ?? around;
  if (selected) return <StatePanel key={`${keyOf(selected)} ${iteration}`} run={run} state={selected} states={all} definition={definition} testable={testable && Boolean(selected.path)} logs={logs} />;
  if (path === WRONG && !shown.loaded) return <Skeleton rows={6} />;
  if (path !== undefined && path !== WRONG && shown.loaded) return <NotReached path={path} inLoop={inside ? undefined : around.states.find((state) => state.path === mapAround(path))} />;
  return <StateList followed={shown} running={run.status === "RUNNING"} title={inside ? "States of this iteration" : "States"} />;
}

interface GraphProperties extends Pick<Properties, "around" | "inside" | "loader"> {
  graph: GraphData;
  /** Whether what is above the graph is there, so that it stays in its place. */
  ready: boolean;
  selected: string | undefined;
}

/** The graph; until the states are known, without what became of them. */
function RunGraph({ graph, around, inside, loader, ready, selected }: GraphProperties) {
  const loading = useHistory(loader, false);
  const { path } = place();
  const counted = loading.complete ? loading.history.visits : undefined;
  const statuses = around.loaded ? { statuses: nodeStatuses(graph, around.states, inside?.states ?? [], counted, path) } : {};
  return (
    <GraphCard target={ready ? (selected ?? path) : undefined}>
      <Graph graph={graph} label="States of this run" {...statuses} selected={selected} onSelect={(path) => selectState(path === selected ? undefined : path)} />
    </GraphCard>
  );
}

function NotReached({ path, inLoop }: { path: string; inLoop: State | undefined }) {
  const name = path.split("/").at(-1);
  return (
    <aside class="card state-panel" aria-label={`State ${name}`}>
      <header class="panel-head">
        <button type="button" class="plain" aria-label="All states" onClick={() => selectState(undefined)}>
          <Icon name="back" />
        </button>
        <h2>{name}</h2>
      </header>
      {inLoop?.path && inLoop.iterations?.total ? (
        <p>
          It is inside of a loop: choose an iteration of{" "}
          <button type="button" class="link" onClick={() => selectState(inLoop.path ?? undefined)}>
            {inLoop.name}
          </button>
          .
        </p>
      ) : (
        <p class="muted">This state was not reached.</p>
      )}
    </aside>
  );
}

function StateList({ followed, running, title }: { followed: Followed; running: boolean; title: string }) {
  const { states, loaded, error, retry } = followed;
  if (error !== undefined && !loaded) return title === "States" ? null : <Refusal error={error} retry={retry} />; // that of the run is above
  if (!loaded) return <Skeleton rows={6} />;
  if (!states.length) return <Empty title={running ? "No state was entered yet" : "No state was entered"} />;
  return (
    <section class="card state-list" aria-label={title}>
      <h2>{title}</h2>
      <ul>
        {states.map((state) => (
          <li key={keyOf(state)}>
            <button type="button" class="state-row" data-row onClick={() => selectState(keyOf(state))}>
              <Status status={state.status} />
              <span class="state-name">
                {state.name} <span class="muted small">{noteOf(state)}</span>
                {state.error && <span class="state-error">{state.error}</span>}
              </span>
              <Duration start={state.entered} stop={state.exited} />
            </button>
          </li>
        ))}
      </ul>
    </section>
  );
}

/** What the keys lead to. */
interface Reachable {
  states: readonly State[];
  selected: string | undefined;
  view: LoopView | undefined;
  /** Whether the chosen state can be tried. */
  canTry: boolean;
}

/** `j k` through the states, `n p` through errors, `[ ]` through iterations. */
function useKeys(now: Reachable): void {
  const current = useRef(now);
  current.current = now;
  useEffect(() => {
    const step = (by: number) => {
      const { states: all, selected: key } = current.current;
      const at = all.findIndex((state) => keyOf(state) === key);
      const next = all[at < 0 ? (by > 0 ? 0 : all.length - 1) : Math.max(0, Math.min(all.length - 1, at + by))];
      if (next) selectState(keyOf(next));
    };
    const wrong = (by: 1 | -1) => {
      const { states: all, selected: key, view: loop } = current.current;
      if (loop && goToWrong(loop, by)) return;
      const next = nextWrong(all, key, by);
      if (next) selectState(keyOf(next));
    };
    const iteration = (by: number) => {
      const { iteration: known, path } = place();
      const last = Number(known?.split(".").at(-1));
      const total = current.current.view?.counts.total ?? 0;
      if (path && Number.isInteger(last) && last + by >= 0 && last + by < total) enterIteration(path, withLast(known, last + by));
    };
    return addShortcuts([
      { keys: "j", what: "Next state", run: () => step(1) },
      { keys: "k", what: "Previous state", run: () => step(-1) },
      { keys: "n", what: "Next error, or next iteration with one", run: () => wrong(1) },
      { keys: "p", what: "Previous error, or iteration with one", run: () => wrong(-1) },
      { keys: "]", what: "Next iteration", run: () => iteration(1) },
      { keys: "[", what: "Previous iteration", run: () => iteration(-1) },
      { keys: "w", what: "Try the state in the workbench", run: () => current.current.canTry && setQuery({ bench: "1", compare: undefined }) },
      { keys: "Escape", what: "Close the workbench, or the state", run: () => (query.value.get("bench") === null ? selectState(undefined) : setQuery({ bench: undefined })) },
    ]);
  }, []);
}

/** The graph's frame; where it is narrower than the graph, the chosen state is brought into sight. */
function GraphCard({ target, children }: { target: string | undefined; children: ComponentChildren }) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const card = box.current;
    const nodes = [...(card?.querySelectorAll<SVGGElement>("[data-path]") ?? [])];
    const node = nodes.find((item) => item.dataset.path === target)?.getBoundingClientRect();
    if (!card || !node) return;
    const frame = card.getBoundingClientRect();
    const inWindow = Math.min(frame.bottom, innerHeight) - frame.top;
    card.scrollTop += shift(node.top - frame.top, node.height, inWindow > LEAST ? inWindow : frame.height);
    card.scrollLeft += shift(node.left - frame.left, node.width, frame.width);
  }, [target]);
  return (
    <div class="card graph-card" ref={box}>
      {children}
    </div>
  );
}

/** Returns how far to scroll so that something is in the middle, or begins near the edge where it is larger. */
function shift(start: number, length: number, frame: number): number {
  if (start >= MARGIN && start + length <= frame - MARGIN) return 0;
  return length > frame - 2 * MARGIN ? start - MARGIN : start + length / 2 - frame / 2;
}
