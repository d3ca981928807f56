/** What can be done with a run. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, API_URL, ask } from "../api/client";
import { messageOf } from "../api/problem";
import type { GraphData } from "../graph/picture";
import { toast } from "../shell/toasts";
import { Icon } from "../ui/icons";
import { Dialog } from "../ui/parts";
import { asCurl, asPython, asTest } from "./copies";
import type { Run, State } from "./model";

interface Properties {
  run: Run;
  states: readonly State[];
  graph: GraphData | null | undefined;
  reload: () => void;
  onAgain: () => void;
}

export function RunActions({ run, states, graph, reload, onAgain }: Properties) {
  const [busy, setBusy] = useState(false);
  const [stopping, setStopping] = useState(false);
  const params = { path: { flow_name: run.flow, execution_id: run.executionId } };
  const perform = async (what: () => Promise<unknown>, done: string) => {
    setBusy(true);
    try {
      await what();
      toast(done);
      reload();
    } catch (error) {
      toast(messageOf(error), "failed");
    } finally {
      setBusy(false);
    }
  };
  const stop = () => {
    setStopping(false);
    void perform(() => ask(api.DELETE("/run/{flow_name}/{execution_id}", { params })), "The run was stopped.");
  };
  const failed = ["FAILED", "TIMED_OUT", "ABORTED"].includes(run.status);
  return (
    <>
      {run.status === "RUNNING" && (
        <button type="button" class="danger" disabled={busy} onClick={() => setStopping(true)}>
          <Icon name="stop" /> Stop
        </button>
      )}
      {failed && (
        <button type="button" disabled={busy} onClick={() => void perform(() => ask(api.POST("/run/{flow_name}/{execution_id}/redrive", { params })), "The run continues where it failed.")}>
          <Icon name="retried" /> Redrive
        </button>
      )}
      <button type="button" class="primary" onClick={onAgain}>
        <Icon name="play" /> Run again
      </button>
      <More run={run} states={states} graph={graph} />
      {stopping && (
        <Dialog title="Stop this run?" onClose={() => setStopping(false)}>
          <p>What it has done so far stays. Calls that are under way are not undone.</p>
          <p class="actions dialog-actions">
            <button type="button" onClick={() => setStopping(false)}>
              Keep it running
            </button>
            <button type="button" class="danger" onClick={stop}>
              <Icon name="stop" /> Stop the run
            </button>
          </p>
        </Dialog>
      )}
    </>
  );
}

/** Copies and exports. */
function More({ run, states, graph }: Pick<Properties, "run" | "states" | "graph">) {
  const menu = useRef<HTMLDetailsElement>(null);
  useEffect(() => {
    const outside = (event: Event) => {
      if (menu.current?.open && event.target instanceof Node && !menu.current.contains(event.target)) menu.current.open = false;
    };
    document.addEventListener("click", outside);
    return () => document.removeEventListener("click", outside);
  }, []);
  const close = () => {
    if (!menu.current) return;
    menu.current.open = false;
    menu.current.querySelector("summary")?.focus();
  };
  const copy = (text: string, what: string) => {
    close();
    navigator.clipboard.writeText(text).then(
      () => toast(`${what} was copied.`),
      () => toast("The browser refused to copy.", "failed"),
    );
  };
  const save = async (form: "json" | "html") => {
    close();
    try {
      const { page, save: offer } = await import("./export");
      const name = `${run.flow}-${run.executionId}`;
      if (form === "html") offer(`${name}.html`, "text/html", page(run, states, graph));
      else offer(`${name}.json`, "application/json", JSON.stringify({ run, states, events: await events(run) }, null, 2));
    } catch (error) {
      toast(messageOf(error), "failed");
    }
  };
  return (
    <details class="menu" ref={menu} onKeyDown={(event) => event.key === "Escape" && (event.stopPropagation(), close())}>
      <summary class="menu-button">
        Copy and export <Icon name="down" />
      </summary>
      <div class="menu-list card">
        <button type="button" onClick={() => copy(asCurl(run, API_URL), "The command")}>
          Copy as curl
        </button>
        <button type="button" onClick={() => copy(asPython(run, API_URL), "The program")}>
          Copy as Python
        </button>
        <button type="button" onClick={() => copy(asTest(run), "The command that records a test")}>
          Copy as test
        </button>
        <button type="button" onClick={() => void save("json")}>
          Export as JSON
        </button>
        <button type="button" onClick={() => void save("html")}>
          Export as HTML
        </button>
      </div>
    </details>
  );
}

/** Returns all events of a run; none where it has no history. */
async function events(run: Run): Promise<unknown[]> {
  const path = { flow_name: run.flow, execution_id: run.executionId };
  const found: unknown[] = [];
  let token: string | undefined;
  do {
    const query = { limit: 1000, ...(token ? { nextToken: token } : {}) };
    const { data } = await api.GET("/run/{flow_name}/{execution_id}/history", { params: { path, query } });
    if (!data) return found;
    found.push(...data.events);
    token = data.nextToken;
  } while (token);
  return found;
}
