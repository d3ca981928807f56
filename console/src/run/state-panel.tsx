/** Everything about one state: what it got and gave, what went wrong, its attempts, its logs. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { at } from "../flows/page";
import { pageAt, query, setQuery } from "../shell/router";
import { absolute, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { CopyButton, Duration, Json, Status, Time } from "../ui/parts";
import { Show } from "../ui/states";
import { place, selectState } from "./address";
import { causeOf } from "./causes";
import { shown } from "./values";
import { ErrorBox, Refusal } from "./error";
import { lazily } from "../ui/lazy";
import { belongs, clock, LogLine } from "./log-lines";
import { useLogs, type LogLoader } from "./logs";
import { keyOf, type Run, type State } from "./model";

const Compare = lazily(async () => (await import("./compare")).Compare);
const MOST_LINES = 200;

interface Properties {
  run: Run;
  state: State;
  /** All that can be compared with it. */
  states: readonly State[];
  definition: unknown;
  /** Whether the state can be tried in the workbench. */
  testable: boolean;
  logs: LogLoader;
}

export function StatePanel({ run, state, states, definition, testable, logs }: Properties) {
  const comparing = query.value.get("compare") !== null;
  return (
    <aside class="card state-panel" aria-label={`State ${state.name}`}>
      <header class="panel-head">
        <button type="button" class="plain" aria-label="All states" title="All states (Escape)" onClick={() => selectState(undefined)}>
          <Icon name="back" />
        </button>
        <h2>{state.name}</h2>
        <Status status={state.status} />
        <span class="panel-actions">
          {testable && (
            <button type="button" title="Try the state alone, with another definition or input (w)" onClick={() => setQuery({ bench: "1", compare: undefined })}>
              <Icon name="bench" /> Workbench
            </button>
          )}
          <button type="button" aria-pressed={comparing} class="panel-compare" onClick={() => setQuery({ compare: comparing ? undefined : "1" })}>
            <Icon name="compare" /> Compare
          </button>
        </span>
      </header>
      <Facts state={state} states={states} />
      {state.error !== null && (
        <ErrorBox error={state.error} cause={state.cause} caught={state.status === "CAUGHT"}>
          {state.status === "CAUGHT" && <span class="muted">was caught{state.next ? `; ${state.next} continued` : ""}</span>}
        </ErrorBox>
      )}
      {comparing && <Compare key={keyOf(state)} run={run} state={state} states={states} />}
      <Data state={state} part="input" />
      <Data state={state} part="output" />
      <Variables state={state} />
      {(state.failedAttempts?.length ?? 0) > 0 && state.attempts > 1 && <Attempts state={state} />}
      {state.visits > 1 && state.path && <Visits run={run} state={state} />}
      <StartedRun state={state} />
      {state.type === "Task" && (
        <Fold title="Logs">
          <StateLogs logs={logs} name={state.name} />
        </Fold>
      )}
      {definition !== undefined && state.path && (
        <Fold title="Definition">
          <Json value={at(definition, state.path)} label="state's definition" />
        </Fold>
      )}
    </aside>
  );
}

function Facts({ state, states }: { state: State; states: readonly State[] }) {
  const next = states.find((item) => item.name === state.next);
  return (
    <dl class="panel-facts">
      <div>
        <dt>Type</dt>
        <dd>{state.type}</dd>
      </div>
      <div>
        <dt>Entered</dt>
        <dd>
          {clock(state.entered)}, <Time at={state.entered} />
        </dd>
      </div>
      <div>
        <dt>Left</dt>
        <dd title={state.exited ? absolute(state.exited) : undefined}>{state.exited ? clock(state.exited) : "not yet"}</dd>
      </div>
      <div>
        <dt>Duration</dt>
        <dd>
          <Duration start={state.entered} stop={state.exited} />
        </dd>
      </div>
      {state.attempts > 1 && (
        <div>
          <dt>Attempts</dt>
          <dd>{number(state.attempts)}</dd>
        </div>
      )}
      {state.visits > 1 && (
        <div>
          <dt>Visits</dt>
          <dd>{number(state.visits)}, this is the last</dd>
        </div>
      )}
      {next && (
        <div>
          <dt>Then</dt>
          <dd>
            <button type="button" class="link" onClick={() => selectState(keyOf(next))}>
              {next.name}
            </button>
          </dd>
        </div>
      )}
    </dl>
  );
}

function Data({ state, part }: { state: State; part: "input" | "output" }) {
  const value = state[part];
  const missing = state.truncated?.includes(part);
  const title = part === "input" ? "Input" : "Output";
  return (
    <section class="section">
      <h3>{title}</h3>
      {missing ? <p class="muted">It was left out, since the run has more than 32 MB of data.</p> : value === null && part === "output" && state.exited === null ? <p class="muted">Not yet.</p> : value === null && state.status !== "SUCCEEDED" ? <p class="muted">None.</p> : <Json value={value} label={`state's ${part}`} />}
    </section>
  );
}

/** The variables that the state could read, and what it made of them. */
function Variables({ state }: { state: State }) {
  const before = state.variables ?? {};
  const assigned = state.assigned ?? {};
  const names = [...new Set([...Object.keys(before), ...Object.keys(assigned)])];
  const missing = state.truncated?.includes("variables");
  if (!names.length && !missing) return null;
  return (
    <section class="section" aria-label="Variables">
      <h3>Variables</h3>
      {missing && <p class="muted">Some were left out, since they are large.</p>}
      <ul class="changes variables">
        {names.map((name) => (
          <li key={name} class={`change ${name in assigned ? (name in before ? "changed" : "added") : ""}`}>
            <span class="sign" aria-label={name in assigned ? "assigned" : "unchanged"}>
              {name in assigned ? (name in before ? "≠" : "+") : ""}
            </span>
            <code>{name}</code>
            {name in before && (name in assigned ? <del>{shown(before[name])}</del> : <span class="kept">{shown(before[name])}</span>)}
            {name in assigned && <ins>{shown(assigned[name])}</ins>}
          </li>
        ))}
      </ul>
    </section>
  );
}

function Attempts({ state }: { state: State }) {
  return (
    <section class="section">
      <h3>Failed attempts</h3>
      <ol class="attempts">
        {state.failedAttempts?.map((attempt) => (
          <li key={attempt.time}>
            <span class="muted number">{clock(attempt.time)}</span> <strong>{attempt.error}</strong> {causeOf(attempt.cause).message}
          </li>
        ))}
      </ol>
    </section>
  );
}

/** Something that is loaded only when it is opened. */
function Fold({ title, children }: { title: string; children: ComponentChildren }) {
  const [open, setOpen] = useState(false);
  return (
    <details class="fold" open={open} onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{title}</summary>
      {open && <div class="fold-body">{children}</div>}
    </details>
  );
}

function Visits({ run, state }: { run: Run; state: State }) {
  return (
    <Fold title={`All ${number(state.visits)} visits`}>
      <VisitList run={run} path={state.path ?? ""} />
    </Fold>
  );
}

function VisitList({ run, path }: { run: Run; path: string }) {
  const { iteration, path: map } = place();
  const inside = map && path.startsWith(`${map}/`) ? iteration : undefined;
  const found = useLoad(`visits ${run.executionId} ${path} ${inside}`, (signal) =>
    ask(
      api.GET("/run/{flow_name}/{execution_id}/states", {
        params: { path: { flow_name: run.flow, execution_id: run.executionId }, query: { path, ...(inside ? { iteration: inside } : {}) } },
        signal,
      }),
    ),
  );
  return (
    <Show of={found} rows={2}>
      {(data) => (
        <ol class="visits">
          {data.states.map((visit, index) => (
            <li key={index}>
              <details>
                <summary>
                  {clock(visit.entered)} <Status status={visit.status} /> <Duration start={visit.entered} stop={visit.exited} />
                </summary>
                <Json value={{ input: visit.input, output: visit.output, ...(visit.error ? { error: visit.error, cause: visit.cause } : {}) }} label={`visit ${index + 1}`} />
              </details>
            </li>
          ))}
        </ol>
      )}
    </Show>
  );
}

const EXECUTION = /^arn:aws[\w-]*:states:[^:]*:[^:]*:execution:([^:]+):([^:]+)$/;

/** A link to the run that a state has started. */
function StartedRun({ state }: { state: State }) {
  const output = state.output as Record<string, unknown> | null;
  const arn = typeof output === "object" && output !== null ? (output.ExecutionArn ?? output.executionArn) : undefined;
  const found = typeof arn === "string" ? EXECUTION.exec(arn) : null;
  const flow = found?.[1]?.split("-").at(-1);
  if (!found?.[2] || !flow) return null;
  return (
    <p>
      <a href={pageAt("runs", flow, found[2])}>
        <Icon name="open" /> The run of {flow} that it started
      </a>
    </p>
  );
}

function StateLogs({ logs, name }: { logs: LogLoader; name: string }) {
  const { lines, loaded, complete, error } = useLogs(logs);
  const own = lines.filter((line) => belongs(line, name));
  if (error !== undefined) return <Refusal error={error} retry={() => logs.retry()} />;
  return (
    <div class="log-box inline">
      {own.slice(-MOST_LINES).map((line, index) => (
        <LogLine key={index} line={line} withState={false} />
      ))}
      {!own.length && <p class="muted">{!loaded || !complete ? "No lines yet." : "It logged nothing."}</p>}
      {own.length > 0 && (
        <p class="log-copy">
          <CopyButton text={() => own.map((line) => `${line.time} ${line.level} ${line.message}`).join("\n")} label="Copy these lines" />
          <button type="button" class="link" onClick={() => setQuery({ tab: "logs", logState: name })}>
            Show in all logs
          </button>
        </p>
      )}
    </div>
  );
}
