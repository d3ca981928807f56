/** The page of one run. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { messageOf } from "../api/problem";
import { useRefresh } from "../api/refresh";
import type { components } from "../api/schema";
import { Titled } from "../shell/app";
import { navigate, pageAt } from "../shell/router";
import { toast } from "../shell/toasts";
import { absolute } from "../ui/format";
import { Icon } from "../ui/icons";
import { Duration, Json, Status, Time } from "../ui/parts";
import { Show } from "../ui/states";
import { Start } from "../start/start";
import { States } from "./states";

const STARTERS = { user: "a user", schedule: "its schedule", run: "the run of", other: "another program" };

export type Run = components["schemas"]["Run"];

export function RunPage({ flow, id }: { flow: string; id: string }) {
  const path = { flow_name: flow, execution_id: id };
  const run = useLoad(`run ${flow} ${id}`, (signal) => ask(api.GET("/run/{flow_name}/{execution_id}", { params: { path }, signal })));
  const status = run.data?.status;
  useRefresh(status === "RUNNING", status, run.reload);
  const [editing, setEditing] = useState(false);
  return (
    <Titled title={flow} actions={run.data && <RunActions run={run.data} reload={run.reload} edit={() => setEditing(!editing)} />}>
      <Show of={run}>
        {(data) => (
          <>
            <RunFacts run={data} />
            {data.error && (
              <div class="problem">
                <Icon name="failed" />
                <div>
                  <p>
                    <strong>{data.error}</strong>
                  </p>
                  <p class="pre">{data.cause}</p>
                </div>
              </div>
            )}
            {editing && <Again run={data} />}
            <States flow={flow} id={id} running={status === "RUNNING"} />
            <div class="split">
              <section class="section">
                <h2>Input</h2>
                {data.input === null ? <p class="muted">It was not recorded.</p> : <Json value={data.input} label="input" />}
              </section>
              <section class="section">
                <h2>Output</h2>
                {data.output === null ? <p class="muted">{status === "RUNNING" ? "Not yet." : "None."}</p> : <Json value={data.output} label="output" />}
              </section>
            </div>
          </>
        )}
      </Show>
    </Titled>
  );
}

/** Starts the flow again, with the former input or an edited one. */
function Again({ run }: { run: Run }) {
  const send = async (input: Record<string, unknown>) => {
    const path = { flow_name: run.flow, execution_id: run.executionId };
    const started = await ask(api.POST("/run/{flow_name}/{execution_id}/rerun", { params: { path }, body: { input } }));
    toast(`${run.flow} was started again.`);
    navigate(pageAt("runs", run.flow, started.executionId));
  };
  return (
    <section class="section spaced" aria-label="Run again">
      <Start what={`flow ${run.flow}`} schema={null} given={run.input ?? {}} action="Run again with this input" send={send} />
    </section>
  );
}

function RunFacts({ run }: { run: Run }) {
  return (
    <dl class="card facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status status={run.status} />
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>
          <Time at={run.startDate} />
        </dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>
          <Duration start={run.startDate} stop={run.stopDate} />
        </dd>
      </div>
      <div>
        <dt>Ended</dt>
        <dd>{run.stopDate ? absolute(run.stopDate) : "–"}</dd>
      </div>
      <div>
        <dt>Started by</dt>
        <dd>
          {STARTERS[run.startedBy]}
          {run.parent && (
            <>
              {" "}
              <a href={pageAt("runs", run.parent.flow, run.parent.executionId)}>{run.parent.flow}</a>
            </>
          )}
        </dd>
      </div>
      {Object.keys(run.labels).length > 0 && (
        <div>
          <dt>Labels</dt>
          <dd>
            {Object.entries(run.labels).map(([name, value]) => (
              <a class="chip" key={name} href={`${pageAt("runs")}?label=${encodeURIComponent(`${name}:${value}`)}`}>
                {name}: {value}
              </a>
            ))}
          </dd>
        </div>
      )}
      {run.redriveCount > 0 && (
        <div>
          <dt>Redrives</dt>
          <dd>{run.redriveCount}</dd>
        </div>
      )}
      <div>
        <dt>Flow</dt>
        <dd>
          <a href={pageAt("flows", run.flow)}>{run.flow}</a>
        </dd>
      </div>
      <div>
        <dt>Execution</dt>
        <dd class="mono">{run.executionId}</dd>
      </div>
    </dl>
  );
}

function RunActions({ run, reload, edit }: { run: Run; reload: () => void; edit: () => void }) {
  const [busy, setBusy] = useState(false);
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
  const failed = ["FAILED", "TIMED_OUT", "ABORTED"].includes(run.status);
  return (
    <>
      {run.status === "RUNNING" && (
        <button type="button" class="danger" disabled={busy} onClick={() => void perform(() => ask(api.DELETE("/run/{flow_name}/{execution_id}", { params })), "The run was stopped.")}>
          <Icon name="stop" /> Stop
        </button>
      )}
      {failed && (
        <button type="button" disabled={busy} onClick={() => void perform(() => ask(api.POST("/run/{flow_name}/{execution_id}/redrive", { params })), "The run continues where it failed.")}>
          <Icon name="retried" /> Redrive
        </button>
      )}
      <button type="button" onClick={edit}>
        <Icon name="play" /> Run again
      </button>
    </>
  );
}
