/** A run: its facts, its actions, and a tab for each view of it. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { allNodes, type GraphData } from "../graph/picture";
import { Titled } from "../shell/app";
import { addShortcuts } from "../shell/keyboard";
import { navigate, pageAt, setQuery } from "../shell/router";
import { toast } from "../shell/toasts";
import type { Schema } from "../start/schema";
import { Start } from "../start/start";
import { Icon } from "../ui/icons";
import { CopyButton, Json, Tabs, type Tab } from "../ui/parts";
import { Problem } from "../ui/states";
import { RunActions } from "./actions";
import { place } from "./address";
import { ErrorBox } from "./error";
import { RunFacts } from "./facts";
import { useStates } from "./follow";
import { lazily } from "../ui/lazy";
import { LogLoader } from "./logs";
import { mapAround, type Run } from "./model";
import { StatesTab } from "./states-tab";
import { HistoryLoader } from "./use-history";
import "../styles/run.css";

const Timeline = lazily(async () => (await import("./timeline")).Timeline);
const Events = lazily(async () => (await import("./events")).Events);
const Logs = lazily(async () => (await import("./logs-tab")).Logs);

const TABS: (Tab & { key: string })[] = [
  { id: "states", title: "States", key: "s" },
  { id: "timeline", title: "Timeline", key: "t" },
  { id: "events", title: "Events", key: "e" },
  { id: "logs", title: "Logs", key: "l" },
  { id: "data", title: "Input and output", key: "i" },
];

function show(tab: string): void {
  setQuery({ tab: tab === "states" ? undefined : tab });
}

export function RunView({ run, error, reload }: { run: Run; error: unknown; reload: () => void }) {
  const { flow, executionId: id } = run;
  const running = run.status === "RUNNING";
  const [again, setAgain] = useState(false);
  const at = place();
  const epoch = `${id} ${run.redriveCount}`;
  const isRunning = useRef(running);
  isRunning.current = running;
  const loader = useMemo(() => new HistoryLoader(flow, id, () => isRunning.current), [flow, id, epoch]); // eslint-disable-line react-hooks/exhaustive-deps -- a redrive adds events
  const logs = useMemo(() => new LogLoader(flow, id), [flow, id, epoch]); // eslint-disable-line react-hooks/exhaustive-deps -- the same
  const around = useStates({ flow, id }, `run ${epoch}`);
  const outer = outerOf(at.path, at.iteration);
  const between = useStates(outer ? { flow, id, ...outer } : undefined, `outer ${epoch} ${outer?.path} ${outer?.iteration}`);
  const inside = useStates(at.path ? { flow, id, path: at.path, iteration: at.iteration } : undefined, `in ${epoch} ${at.path} ${at.iteration}`);
  const { graph, definition, testable, changed, inputSchema } = useDefinition(flow, id);
  const map = at.path ? (outer ? between : around).states.find((state) => state.path === at.path) : undefined;
  useEffect(() => {
    if (running && around.complete) reload();
  }, [running, around.complete, reload]);
  useEffect(() => addShortcuts(TABS.map((tab) => ({ keys: tab.key, what: `Show ${tab.title.toLowerCase()}`, run: () => show(tab.id) }))), []);
  const paths = useMemo(() => new Map(graph && allNodes(graph).map((node) => [node.name, node.path])), [graph]);
  const insideOrNone = at.path ? inside : undefined;
  const panel = () => {
    switch (at.tab) {
      case "timeline":
        return <Timeline loader={loader} paths={paths} running={running} />;
      case "events":
        return <Events loader={loader} running={running} />;
      case "logs":
        return <Logs loader={logs} running={running} />;
      case "data":
        return <Data run={run} />;
      default:
        return <StatesTab run={run} around={around} inside={insideOrNone} map={map} graph={graph} definition={definition} testable={testable} loader={loader} logs={logs} />;
    }
  };
  return (
    <Titled title={flow} actions={<RunActions run={run} states={around.states} graph={graph} reload={reload} onAgain={() => setAgain(!again)} />}>
      <p class="crumbs">
        <a href={pageAt("flows", flow)}>Flow</a> <Icon name="open" /> <a href={`${pageAt("runs")}?flow=${encodeURIComponent(flow)}`}>Runs</a> <Icon name="open" />{" "}
        <span aria-current="page" class="mono">
          {id}
        </span>
        <CopyButton text={id} label="Copy the execution's id" />
      </p>
      {error !== undefined && <Problem error={error} retry={reload} />}
      <RunFacts run={run} />
      {run.error && <ErrorBox error={run.error} cause={run.cause} />}
      {changed && <Changed flow={flow} />}
      {again && <Again run={run} schema={inputSchema} />}
      <Tabs tabs={TABS} current={at.tab} onChange={show}>
        {panel()}
      </Tabs>
    </Titled>
  );
}

interface Definition {
  graph: GraphData | null | undefined;
  definition: unknown;
  /** Whether its states can be tried in the workbench. */
  testable: boolean;
  /** Whether the flow has another one today. */
  changed: boolean;
  inputSchema: Schema | null;
}

/** Loads the definition that the run was started with. Where it isn't known any more, today's takes its place. */
function useDefinition(flow: string, id: string): Definition {
  const today = useLoad(`flow ${flow}`, (signal) => ask(api.GET("/flows/{flow_name}", { params: { path: { flow_name: flow }, query: { details: true } }, signal })));
  const own = useLoad(`definition ${id}`, (signal) => ask(api.GET("/run/{flow_name}/{execution_id}/definition", { params: { path: { flow_name: flow, execution_id: id } }, signal })));
  const changed = own.data?.changed ?? false;
  const known = own.loading ? undefined : today.data?.graph; // none until it is clear which
  return {
    graph: changed ? own.data?.graph : known,
    definition: own.data?.definition ?? today.data?.definition,
    testable: own.data?.testable ?? false,
    changed,
    inputSchema: (today.data?.inputSchema ?? null) as Schema | null,
  };
}

function Changed({ flow }: { flow: string }) {
  return (
    <p class="note-changed">
      <Icon name="warning" />
      <span>
        The flow has changed since this run was started. Graph and definitions are those of the run; see <a href={`${pageAt("flows", flow)}?tab=definition`}>the flow</a> for today's.
      </span>
    </p>
  );
}

/** Returns the iteration around that of a Map in a Map. */
function outerOf(path: string | undefined, iteration: string | undefined): { path: string; iteration: string } | undefined {
  const outer = path === undefined ? undefined : mapAround(path);
  const indexes = iteration?.split(".").slice(0, -1).join(".");
  return outer && indexes ? { path: outer, iteration: indexes } : undefined;
}

function Data({ run }: { run: Run }) {
  return (
    <div class="split">
      <section class="section">
        <h2>Input</h2>
        {run.input === null ? <p class="muted">It was not recorded.</p> : <Json value={run.input} label="input" />}
      </section>
      <section class="section">
        <h2>Output</h2>
        {run.output === null ? <p class="muted">{run.status === "RUNNING" ? "Not yet." : "None."}</p> : <Json value={run.output} label="output" />}
      </section>
    </div>
  );
}

/** Starts the flow again, with the former input or an edited one. */
function Again({ run, schema }: { run: Run; schema: Schema | null }) {
  const send = async (input: Record<string, unknown>) => {
    const path = { flow_name: run.flow, execution_id: run.executionId };
    const started = await ask(api.POST("/run/{flow_name}/{execution_id}/rerun", { params: { path, header: { "Idempotency-Key": crypto.randomUUID() } }, body: { input } }));
    toast(`${run.flow} was started again.`);
    navigate(pageAt("runs", run.flow, started.executionId));
  };
  return (
    <section class="section" aria-label="Run again">
      <Start what={`flow ${run.flow}`} schema={schema} given={run.input ?? {}} action="Run again with this input" send={send} />
    </section>
  );
}
