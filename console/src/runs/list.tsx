/** The list of runs: filters in the address, pages, live while something runs. */
import { useEffect, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { useRefresh } from "../api/refresh";
import type { components } from "../api/schema";
import { Titled } from "../shell/app";
import { pageAt, query, setQuery } from "../shell/router";
import { user } from "../auth/session";
import { statusText } from "../ui/format";
import { Icon } from "../ui/icons";
import { Duration, Status, Time } from "../ui/parts";
import { Empty, Problem, Show } from "../ui/states";
import { apiQuery, isFiltered, STATUSES, type Filter } from "./query";

export type RunRow = components["schemas"]["Runs"]["executions"][number];

export function RunsPage() {
  const address = query.value;
  const key = address.toString();
  const first = useLoad(`runs?${key}`, (signal) => ask(api.GET("/runs", { params: { query: apiQuery(address) }, signal })));
  const more = useMore(key);
  const rows = [...(first.data?.executions ?? []), ...more.rows];
  const running = rows.some((row) => row.status === "RUNNING");
  const version = rows.map((row) => row.status).join();
  useRefresh(more.rows.length === 0, `${key} ${version}`, first.reload);
  const next = more.rows.length || more.done ? more.next : first.data?.nextToken;
  return (
    <Titled
      title="Runs"
      actions={
        <button type="button" onClick={first.reload} disabled={first.loading}>
          <Icon name="refresh" /> Refresh
        </button>
      }
    >
      <Filters />
      <Show of={first} rows={10}>
        {() =>
          rows.length ? (
            <>
              <RunsTable rows={rows} />
              {more.error !== undefined && <Problem error={more.error} />}
              {next && (
                <p class="pager">
                  <button type="button" disabled={more.loading} onClick={() => void more.load(next)}>
                    {more.loading ? "Loading …" : "Show older runs"}
                  </button>
                </p>
              )}
              <p class="hidden" role="status">
                {rows.length} runs{running ? ", some are running" : ""}
              </p>
            </>
          ) : (
            <NoRuns />
          )
        }
      </Show>
    </Titled>
  );
}

/** The pages after the first one. */
function useMore(key: string) {
  const [state, setState] = useState<{ key: string; rows: RunRow[]; next?: string; done: boolean; error?: unknown; loading: boolean }>({
    key,
    rows: [],
    done: false,
    loading: false,
  });
  const current = state.key === key ? state : { key, rows: [], done: false, loading: false };
  const load = async (token: string) => {
    setState({ ...current, loading: true });
    try {
      const page = await ask(api.GET("/runs", { params: { query: { ...apiQuery(query.value), nextToken: token } } }));
      const rows = [...current.rows, ...page.executions];
      setState({ key, rows, done: true, loading: false, ...(page.nextToken ? { next: page.nextToken } : {}) });
    } catch (error) {
      setState({ ...current, error, loading: false });
    }
  };
  return { ...current, next: "next" in current ? current.next : undefined, error: "error" in current ? current.error : undefined, load };
}

function NoRuns() {
  return isFiltered(query.value) ? (
    <Empty title="No run matches">
      <button type="button" onClick={() => history.length && setQuery(Object.fromEntries([...query.value.keys()].map((name) => [name, undefined])))}>
        Clear the filters
      </button>
    </Empty>
  ) : (
    <Empty title="No runs yet">
      <p>
        Start a flow from the <a href={pageAt("flows")}>list of flows</a>. Runs stay here for 90 days.
      </p>
    </Empty>
  );
}

export function RunsTable({ rows, withFlow = true }: { rows: RunRow[]; withFlow?: boolean }) {
  return (
    <div class="card table-box">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">Run</th>
            {withFlow && <th scope="col">Flow</th>}
            <th scope="col">Status</th>
            <th scope="col">Started</th>
            <th scope="col" class="end">
              Duration
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.executionId}>
              <td>
                <a class="row-link mono" data-row href={pageAt("runs", row.flow, row.executionId)}>
                  {row.executionId}
                </a>
              </td>
              {withFlow && <td>{row.flow}</td>}
              <td>
                <Status status={row.status} />
              </td>
              <td>
                <Time at={row.startDate} />
              </td>
              <td class="end">
                <Duration start={row.startDate} stop={row.stopDate} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Filters() {
  const address = query.value;
  const set = (name: Filter, value: string) => setQuery({ [name]: value || undefined });
  return (
    <div class="toolbar" role="search" aria-label="Filter runs">
      <Text name="flow" label="Flow" onCommit={set} search />
      <label class="field">
        <span>Status</span>
        <select value={address.get("status") ?? ""} onChange={(event) => set("status", event.currentTarget.value)}>
          <option value="">Any</option>
          {STATUSES.map((status) => (
            <option key={status} value={status}>
              {statusText(status)}
            </option>
          ))}
        </select>
      </label>
      <label class="field">
        <span>Started by</span>
        <select value={address.get("startedBy") ?? ""} onChange={(event) => set("startedBy", event.currentTarget.value)}>
          <option value="">Anything</option>
          <option value="user">A user</option>
          <option value="schedule">A schedule</option>
          <option value="run">Another run</option>
        </select>
      </label>
      <Text name="from" label="From" type="datetime-local" onCommit={set} />
      <Text name="to" label="To" type="datetime-local" onCommit={set} />
      <Text name="error" label="Error" onCommit={set} />
      <Text name="label" label="Label" placeholder="order:42" onCommit={set} />
      {user.value?.isAdmin && (
        <label class="field">
          <span>Whose</span>
          <select value={address.get("user") ?? ""} onChange={(event) => set("user", event.currentTarget.value)}>
            <option value="">Mine</option>
            <option value="all">Everyone's</option>
          </select>
        </label>
      )}
    </div>
  );
}

interface TextFilter {
  name: Filter;
  label: string;
  type?: "text" | "datetime-local";
  placeholder?: string;
  search?: boolean;
  onCommit: (name: Filter, value: string) => void;
}

/** A filter that applies when its field is left or Enter is pressed: each one is a request. */
function Text({ name, label, type = "text", placeholder, search, onCommit }: TextFilter) {
  const kept = query.value.get(name) ?? "";
  const [value, setValue] = useState(kept);
  useEffect(() => setValue(kept), [kept]);
  const commit = () => value !== kept && onCommit(name, value.trim());
  const common = {
    value,
    placeholder,
    "data-search": search,
    onInput: (event: { currentTarget: HTMLInputElement }) => setValue(event.currentTarget.value),
    onBlur: commit,
    onKeyDown: (event: KeyboardEvent) => event.key === "Enter" && commit(),
  };
  return (
    <label class="field">
      <span>{label}</span>
      {type === "text" ? <input type="text" {...common} /> : <input type="datetime-local" {...common} />}
    </label>
  );
}
