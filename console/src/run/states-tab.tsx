/** The states of a run: in the graph and as a list, with the one that is chosen, and the loops. */
import { useEffect, useRef } from "preact/hooks";
import { Graph } from "../graph/graph";
import type { GraphData } from "../graph/picture";
import { at } from "../flows/page";
import { addShortcuts } from "../shell/keyboard";
import { query, setQuery } from "../shell/router";
import { Icon } from "../ui/icons";
import { Duration, Status } from "../ui/parts";
import { Empty, Skeleton } from "../ui/states";
import { enterIteration, place, selectState, withLast, WRONG } from "./address";
import { Refusal } from "./error";
import type { Followed } from "./follow";
import { lazily } from "../ui/lazy";
import { goToWrong, Loop, useIterations, type LoopView } from "./loop";
import type { LogLoader } from "./logs";
import { keyOf, mapAround, nextWrong, nodeStatuses, noteOf, wentWrong, type Run, type State } from "./model";
import { StatePanel } from "./state-panel";
import { useHistory, type HistoryLoader } from "./use-history";

const Workbench = lazily(async () => (await import("./workbench")).Workbench);

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
    return <Workbench key={`${path} ${place().iteration}`} run={run} state={selected} path={path} others={Object.keys(at(definition, path.slice(0, path.lastIndexOf("/"))) ?? {})} definition={at(definition, path)} />;
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
  const first = useFirst(graph, around);
  const statuses = around.loaded ? { statuses: nodeStatuses(graph, around.states, inside?.states ?? [], counted, path) } : {};
  return (
    <Graph
      graph={graph}
      label="States of this run"
      {...statuses}
      selected={selected}
      reveal={ready ? (selected ?? path ?? first) : undefined}
      within={selected ? undefined : path}
      onSelect={(path) => selectState(path === selected ? undefined : path)}
    />
  );
}

/** Of a large graph, that in which something went wrong comes into sight first, or the last one that was entered. */
function useFirst(graph: GraphData, around: Followed): string | undefined {
  const found = useRef<string | undefined>(undefined);
  if (found.current === undefined && graph.parts && around.loaded) found.current = (around.states.findLast(wentWrong) ?? around.states.at(-1))?.path ?? undefined;
  return found.current;
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
