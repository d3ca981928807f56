/** The list of runs: filters in the address, pages, live while something runs. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { useRefresh } from "../api/refresh";
import { Titled } from "../shell/app";
import { pageAt, query, setQuery } from "../shell/router";
import { number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Empty, Problem, Show } from "../ui/states";
import type { Verb } from "./bulk";
import { BulkDialog } from "./bulk-dialog";
import { Filters } from "./filters";
import { apiQuery, isFiltered } from "./query";
import { RunsTable, type RunRow } from "./table";

export function RunsPage() {
  const address = query.value;
  const key = address.toString();
  const first = useLoad(`runs?${key}`, (signal) => ask(api.GET("/runs", { params: { query: apiQuery(address) }, signal })), true);
  const more = useMore(key);
  const [bulk, setBulk] = useState<Verb>();
  const rows = [...(first.data?.executions ?? []), ...more.rows];
  const running = rows.some((row) => row.status === "RUNNING");
  const version = rows.map((row) => row.status).join();
  useRefresh(more.rows.length === 0 && !bulk, `${key} ${version}`, first.reload);
  const next = more.rows.length || more.done ? more.next : first.data?.nextToken;
  const foreign = (address.get("user") ?? "") !== "";
  return (
    <Titled
      title="Runs"
      actions={
        <>
          <button type="button" disabled={!rows.length} onClick={() => setBulk("redrive")}>
            <Icon name="retried" /> Redrive all …
          </button>
          <button type="button" disabled={!rows.length} onClick={() => setBulk("rerun")}>
            <Icon name="play" /> Run all again …
          </button>
          <button type="button" class="wide-only" onClick={first.reload} disabled={first.loading}>
            <Icon name="refresh" /> Refresh
          </button>
        </>
      }
    >
      <Filters />
      <Show of={first} rows={12} kind="runs">
        {() =>
          rows.length || next ? (
            <div class={first.stale ? "stale" : undefined} aria-busy={first.stale}>
              {rows.length ? <RunsTable rows={rows} withUser={foreign} /> : <Empty title="No match among the newest runs" />}
              {more.error !== undefined && <Problem error={more.error} />}
              {next && (
                <p class="pager">
                  <button type="button" disabled={more.loading} onClick={() => void more.load(next)}>
                    {more.loading ? "Loading …" : "Show older runs"}
                  </button>
                </p>
              )}
              <p class="hidden" role="status">
                {number(rows.length)} runs{running ? ", some are running" : ""}
              </p>
            </div>
          ) : (
            <NoRuns />
          )
        }
      </Show>
      {bulk && (
        <BulkDialog
          verb={bulk}
          onClose={(changed) => {
            setBulk(undefined);
            if (changed) first.reload();
          }}
        />
      )}
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
      <button type="button" onClick={() => setQuery(Object.fromEntries([...query.value.keys()].map((name) => [name, undefined])))}>
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
