/** What became of each state of a run: in the graph, and as a table. */
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { useRefresh } from "../api/refresh";
import type { components } from "../api/schema";
import { Graph, type NodeStatus } from "../graph/graph";
import { query, setQuery } from "../shell/router";
import { Duration, Json, Status, Time } from "../ui/parts";
import { Show } from "../ui/states";

type State = components["schemas"]["States"]["states"][number];

/** Returns what the graph shows beside a state: the attempt, or how many iterations failed. */
export function noteOf(state: State): string | undefined {
  if (state.iterations?.failed) return `${state.iterations.failed} of ${state.iterations.total} failed`;
  if (state.iterations) return `${state.iterations.succeeded} of ${state.iterations.total}`;
  if (state.attempts > 1) return `attempt ${state.attempts}`;
  return state.visits > 1 ? `${state.visits} times` : undefined;
}

/** Returns the status of each node of the graph by its path. */
export function nodeStatuses(states: State[]): Map<string, NodeStatus> {
  const found = new Map<string, NodeStatus>();
  for (const state of states) {
    if (state.path === null) continue;
    const note = noteOf(state);
    found.set(state.path, { status: state.status, ...(note ? { note } : {}) });
  }
  return found;
}

export function States({ flow, id, running }: { flow: string; id: string; running: boolean }) {
  const path = { flow_name: flow, execution_id: id };
  const states = useLoad(`states ${id} ${running}`, (signal) =>
    ask(api.GET("/run/{flow_name}/{execution_id}/states", { params: { path }, signal })),
  );
  const definition = useLoad(`flow ${flow}`, (signal) => ask(api.GET("/flows/{flow_name}", { params: { path: { flow_name: flow } }, signal })));
  useRefresh(running, states.data?.states.map((state) => state.status).join(), states.reload);
  const selected = query.value.get("state") ?? undefined;
  const choose = (chosen: string) => setQuery({ state: chosen === selected ? undefined : chosen });
  return (
    <Show of={states}>
      {(data) => {
        const state = data.states.find((item) => item.path === selected);
        return (
          <>
            <div class={state ? "beside" : ""}>
              {definition.data?.graph && (
                <div class="card graph-card">
                  <Graph graph={definition.data.graph} label="States of this run" statuses={nodeStatuses(data.states)} selected={selected} onSelect={choose} />
                </div>
              )}
              {state && <StatePanel state={state} />}
            </div>
            <StatesTable states={data.states} selected={selected} onSelect={choose} />
          </>
        );
      }}
    </Show>
  );
}

function StatePanel({ state }: { state: State }) {
  return (
    <aside class="section" aria-label="Selected state">
      <h2>
        {state.name} <Status status={state.status} />
      </h2>
      {state.error && (
        <p class="problem">
          <span>
            <strong>{state.error}</strong> {state.cause}
          </span>
        </p>
      )}
      <h3>Input</h3>
      <Json value={state.input} label="state's input" />
      <h3>Output</h3>
      <Json value={state.output} label="state's output" />
    </aside>
  );
}

function StatesTable({ states, selected, onSelect }: { states: State[]; selected: string | undefined; onSelect: (path: string) => void }) {
  return (
    <section class="section spaced">
      <h2>States</h2>
      <div class="card table-box">
        <table class="runs">
          <thead>
            <tr>
              <th scope="col">State</th>
              <th scope="col">Status</th>
              <th scope="col">Entered</th>
              <th scope="col">Error</th>
              <th scope="col" class="end">
                Duration
              </th>
            </tr>
          </thead>
          <tbody>
            {states.map((state, index) => (
              <tr key={state.path ?? index}>
                <td>
                  <button type="button" class="link row-link" data-row aria-pressed={state.path === selected} onClick={() => state.path && onSelect(state.path)}>
                    {state.name}
                  </button>{" "}
                  <span class="muted small">{noteOf(state)}</span>
                </td>
                <td>
                  <Status status={state.status} />
                </td>
                <td>
                  <Time at={state.entered} />
                </td>
                <td>{state.error}</td>
                <td class="end">
                  <Duration start={state.entered} stop={state.exited} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </section>
  );
}
