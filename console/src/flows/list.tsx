/** The list of flows. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad, type Loaded } from "../api/load";
import type { components } from "../api/schema";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import { Icon } from "../ui/icons";
import { Search, Status, Time } from "../ui/parts";
import { Empty, Show } from "../ui/states";
import { RunBars } from "./bars";
import { recentRuns, type Recent } from "./recent";

type Flows = components["schemas"]["Flows"];
type Flow = components["schemas"]["Flow"];

export function FlowsPage() {
  const flows = useLoad("flows", (signal) => ask(api.GET("/flows", { signal })));
  const recent = useLoad("recent runs", recentRuns);
  const [text, setText] = useState("");
  return (
    <Titled title="Flows">
      <div class="toolbar">
        <Search value={text} onChange={setText} label="Search flows" />
      </div>
      <Show of={flows} rows={6}>
        {(data) => <FlowsTable flows={data} text={text} recent={recent} />}
      </Show>
    </Titled>
  );
}

/** Returns whether a text has every word of a search, in whatever case. */
export function matches(text: string, search: string): boolean {
  const lower = text.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}

function FlowsTable({ flows, text, recent }: { flows: Flows; text: string; recent: Loaded<Recent> }) {
  const shown = flows.flows.filter((flow) => matches(`${flow.name} ${flow.description}`, text));
  const broken = (flows.broken ?? []).filter((flow) => matches(flow.name, text));
  if (!flows.flows.length && !flows.broken?.length) {
    return (
      <Empty title="No flows yet">
        <p>
          Add a file to <code>flows/</code>; it appears here.
        </p>
      </Empty>
    );
  }
  if (!shown.length && !broken.length) return <Empty title="No flow matches" />;
  return (
    <div class="card table-box">
      <table class="flows">
        <thead>
          <tr>
            <th scope="col">Flow</th>
            <th scope="col">Schedule</th>
            <th scope="col">Last run</th>
            <th scope="col">Last 20 runs</th>
          </tr>
        </thead>
        <tbody>
          {broken.map((flow) => (
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
          {shown.map((flow) => (
            <FlowRow key={flow.name} flow={flow} recent={recent} />
          ))}
        </tbody>
      </table>
    </div>
  );
}

function FlowRow({ flow, recent }: { flow: Flow; recent: Loaded<Recent> }) {
  const runs = recent.data?.get(flow.name) ?? [];
  const last = runs[0];
  return (
    <tr>
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
          <span class="muted">{recent.loading ? " " : "Never"}</span>
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
