/** The list of flows. */
import { useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad, type Loaded } from "../api/load";
import type { components } from "../api/schema";
import type { RunRow } from "../runs/table";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import { Icon } from "../ui/icons";
import { Search, Status, Time } from "../ui/parts";
import { matches } from "../ui/search";
import { useGrowing, useSeen } from "../ui/seen";
import { Empty, Show } from "../ui/states";
import { RunBars } from "./bars";
import { BARS, recentRuns, runsOf, type Recent } from "./recent";

type Flows = components["schemas"]["Flows"];
type Flow = components["schemas"]["Flow"];

/** Returns all flows, from as many pages as there are. */
async function allFlows(signal: AbortSignal): Promise<Pick<Flows, "flows" | "broken">> {
  const first = await ask(api.GET("/flows", { signal }));
  const flows = [...first.flows];
  for (let token = first.nextToken; token; ) {
    const page = await ask(api.GET("/flows", { params: { query: { nextToken: token } }, signal }));
    flows.push(...page.flows);
    token = page.nextToken;
  }
  return { flows, broken: first.broken ?? [] };
}

export function FlowsPage() {
  const flows = useLoad("flows", allFlows);
  const recent = useLoad("recent runs", recentRuns);
  const [text, setText] = useState("");
  return (
    <Titled title="Flows">
      <div class="toolbar">
        <Search value={text} onChange={setText} label="Search flows" />
      </div>
      <Show of={flows} rows={8} kind="flows">
        {(data) => <FlowsTable flows={data.flows} broken={data.broken ?? []} text={text} recent={recent} />}
      </Show>
    </Titled>
  );
}

interface TableProperties {
  flows: Flow[];
  broken: NonNullable<Flows["broken"]>;
  text: string;
  recent: Loaded<Recent>;
}

function FlowsTable({ flows, broken, text, recent }: TableProperties) {
  const foot = useRef<HTMLParagraphElement>(null);
  const shown = flows.filter((flow) => matches(`${flow.name} ${flow.description} ${flow.plugin ?? ""}`, text));
  const shownBroken = broken.filter((flow) => matches(flow.name, text));
  const count = useGrowing(shown.length, foot);
  if (!flows.length && !broken.length) {
    return (
      <Empty title="No flows yet">
        <p>
          Add a file to <code>flows/</code>; it appears here.
        </p>
      </Empty>
    );
  }
  if (!shown.length && !shownBroken.length) return <Empty title="No flow matches" />;
  return (
    <>
      <div class="card table-box">
        <table class="flows">
          <thead>
            <tr>
              <th scope="col">Flow</th>
              <th scope="col">Schedule</th>
              <th scope="col">Last run</th>
              <th scope="col">Last {BARS} runs</th>
            </tr>
          </thead>
          <tbody>
            {shownBroken.map((flow) => (
              <tr key={flow.name}>
                <td>
                  <a class="row-link" data-row href={pageAt("flows", flow.name)}>
                    {flow.name}
                  </a>
                  <p class="muted clip">{flow.errors[0]}</p>
                </td>
                <td colSpan={3}>
                  <span class="status status-failed">
                    <Icon name="warning" /> Broken
                  </span>
                </td>
              </tr>
            ))}
            {shown.slice(0, count).map((flow) => (
              <FlowRow key={flow.name} flow={flow} recent={recent} />
            ))}
          </tbody>
        </table>
      </div>
      <p ref={foot} class="hidden" role="status">
        {shown.length + shownBroken.length} flows
      </p>
    </>
  );
}

/** Returns the runs of a flow: from those of all flows where they suffice, otherwise asked for once the row is seen. */
function useRuns(flow: string, recent: Loaded<Recent>, seen: boolean): Loaded<RunRow[]> {
  const known = recent.data?.runs.get(flow) ?? [];
  const enough = !recent.data || recent.data.complete || known.length >= BARS;
  const more = useLoad(`recent ${flow} ${seen && !enough}`, async (signal) => (seen && !enough ? runsOf(flow, signal) : known));
  return enough ? { ...more, data: known, loading: recent.loading } : { ...more, data: more.data ?? known };
}

function FlowRow({ flow, recent }: { flow: Flow; recent: Loaded<Recent> }) {
  const row = useRef<HTMLTableRowElement>(null);
  const { data: runs = [], loading } = useRuns(flow.name, recent, useSeen(row, recent.data?.complete === false));
  const last = runs[0];
  return (
    <tr ref={row}>
      <td>
        <a class="row-link" data-row href={pageAt("flows", flow.name)}>
          {flow.name}
        </a>{" "}
        {flow.type === "EXPRESS" && <span class="chip">Express</span>} {flow.plugin && <span class="chip">{flow.plugin}</span>}
        <p class="muted clip">{flow.description || " "}</p>
      </td>
      <td>
        <Schedule flow={flow} />
      </td>
      <td class="last-run">
        {last ? (
          <>
            <Status status={last.status} /> <Time at={last.startDate} />
          </>
        ) : (
          <span class="muted">{loading ? " " : "Never"}</span>
        )}
      </td>
      <td>
        <RunBars runs={runs} />
      </td>
    </tr>
  );
}

/** A schedule's expression and when it fires next. */
export function Schedule({ flow }: { flow: Flow }) {
  const schedule = flow.schedule;
  if (!schedule) return <span class="muted">–</span>;
  return (
    <>
      <code class="schedule">{schedule.expression}</code>
      <p class="muted small">
        {schedule.enabled ? <Next flow={flow} rate={schedule.expression.startsWith("rate")} /> : "disabled"}
        {schedule.timezone !== "UTC" && ` · ${schedule.timezone}`}
      </p>
    </>
  );
}

/** When a schedule fires next. A rate counts from when AWS has created it, which nobody else knows. */
function Next({ flow, rate }: { flow: Flow; rate: boolean }) {
  if (rate) return <>at this interval</>;
  if (!flow.nextRun) return <>never again</>;
  return (
    <>
      next <Time at={flow.nextRun} />
    </>
  );
}
