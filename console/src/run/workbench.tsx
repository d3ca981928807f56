/** Tries a state of a run alone: with another definition, input or mocked result. Nothing of it is saved. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { setQuery } from "../shell/router";
import { Editor } from "../ui/editor";
import { duration } from "../ui/format";
import { Icon } from "../ui/icons";
import { Json, Status } from "../ui/parts";
import { Problem } from "../ui/states";
import { place } from "./address";
import { canMock, DraftProblem, needsMock, recorded, requestOf, stepsOf, TESTED_STATUSES, type Draft, type MockKind, type Tested } from "./bench";
import { Changes } from "./changes";
import { ErrorBox } from "./error";
import { keyOf, type Run, type State } from "./model";

interface Properties {
  run: Run;
  state: State;
  /** The state's path in the definition. */
  path: string;
  /** The names of the states that it can lead to. */
  others: readonly string[];
  definition: unknown;
}

/** What has been entered for which state; it is there until the page is loaded again. */
const drafts = new Map<string, Draft>();

interface Outcome {
  tested?: Tested;
  took?: number;
  failure?: unknown;
  busy: boolean;
}

export function Workbench({ run, state, path, others, definition }: Properties) {
  const key = `${run.executionId} ${keyOf(state)} ${place().iteration}`;
  const [draft, setDraft] = useState(() => drafts.get(key) ?? recorded(state, definition));
  const [outcome, setOutcome] = useState<Outcome>({ busy: false });
  const controller = useRef<AbortController | undefined>(undefined);
  const result = useRef<HTMLElement>(null);
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => () => controller.current?.abort(), []);
  useEffect(() => form.current?.focus({ preventScroll: true }), []); // so that Ctrl+Enter works at once
  const change = (part: Partial<Draft>) => {
    const changed = { ...draft, ...part };
    drafts.set(key, changed);
    setDraft(changed);
  };
  const reset = () => {
    drafts.delete(key);
    setDraft(recorded(state, definition));
    setOutcome({ busy: false });
  };
  const send = async () => {
    controller.current?.abort();
    const abort = (controller.current = new AbortController());
    const since = performance.now();
    try {
      const body = requestOf(draft, path);
      setOutcome({ busy: true });
      const names = { flow_name: run.flow, execution_id: run.executionId };
      const tested = await ask(api.POST("/run/{flow_name}/{execution_id}/states/test", { params: { path: names }, body, signal: abort.signal }));
      setOutcome({ busy: false, tested, took: performance.now() - since });
      result.current?.focus({ preventScroll: true });
      if (matchMedia("(max-width: 1000px)").matches) result.current?.scrollIntoView({ block: "start" });
    } catch (failure) {
      if (!abort.signal.aborted) setOutcome({ busy: false, failure });
    }
  };
  const edited = parsedOr(draft.definition, definition);
  const wrong = outcome.failure instanceof DraftProblem ? outcome.failure : undefined;
  const field = (name: keyof Draft) => (wrong?.field === name ? wrong.message : undefined);
  return (
    <form
      class="card bench"
      ref={form}
      tabIndex={-1}
      aria-label={`Workbench for the state ${state.name}`}
      onSubmit={(event) => {
        event.preventDefault();
        void send();
      }}
      onKeyDown={(event) => {
        if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey)) return;
        event.preventDefault();
        void send();
      }}
    >
      <header class="panel-head">
        <button type="button" class="plain" aria-label="Back to the state" title="Back to the state (Escape)" onClick={() => setQuery({ bench: undefined })}>
          <Icon name="back" />
        </button>
        <h2>
          <span class="muted">Workbench</span> {state.name}
        </h2>
        <div class="actions bench-actions">
          <button type="button" onClick={reset}>
            <Icon name="refresh" /> As recorded
          </button>
          <button type="submit" class="primary" disabled={outcome.busy} title="Run this state (Ctrl+Enter)">
            <Icon name="play" /> {outcome.busy ? "Running …" : "Run this state"}
          </button>
        </div>
      </header>
      <p class="muted bench-note">
        <Note mock={canMock(edited) ? draft.mock : undefined} />
      </p>
      <div class="bench-sides">
        <div class="bench-side">
          <Field title="Definition" text={draft.definition} problem={field("definition")} onChange={(definition) => change({ definition })} />
          <Field title="Input" text={draft.input} problem={field("input")} onChange={(input) => change({ input })} />
          <VariablesField draft={draft} problem={field("variables")} onChange={change} />
          {canMock(edited) && <MockFields draft={draft} definition={edited} problem={(name) => field(name)} onChange={change} />}
        </div>
        <section class="bench-side bench-result" ref={result} tabIndex={-1} aria-label="Result" aria-busy={outcome.busy}>
          {outcome.failure !== undefined && !wrong && <Problem error={outcome.failure} />}
          {outcome.tested ? <Result state={state} others={others} tested={outcome.tested} took={outcome.took ?? 0} /> : <Before state={state} busy={outcome.busy} />}
        </section>
      </div>
    </form>
  );
}

function Note({ mock }: { mock: MockKind | undefined }) {
  if (mock === undefined) return <>The state runs alone. Nothing is saved, and the run stays as it is.</>;
  if (mock === "none") return <>The task does its work, with the role of the flow. Nothing is saved, and the run stays as it is.</>;
  return <>The state runs without its work, whose result is given below. Nothing is saved, and the run stays as it is.</>;
}

interface FieldProperties {
  title: string;
  text: string;
  problem: string | undefined;
  onChange: (text: string) => void;
}

function Field({ title, text, problem, onChange }: FieldProperties) {
  return (
    <section class="section">
      <h3>{title}</h3>
      <Editor value={text} language="json" label={title} onChange={onChange} />
      <FieldProblem>{problem}</FieldProblem>
    </section>
  );
}

function FieldProblem({ children }: { children: ComponentChildren }) {
  if (!children) return null;
  return (
    <p class="field-problem" role="alert">
      <Icon name="warning" /> {children}
    </p>
  );
}

interface DraftProperties {
  draft: Draft;
  onChange: (part: Partial<Draft>) => void;
}

/** Variables are shown where there are any, or when they are asked for. */
function VariablesField({ draft, problem, onChange }: DraftProperties & { problem: string | undefined }) {
  const [open, setOpen] = useState(draft.variables !== "{}");
  if (!open) {
    return (
      <button type="button" class="link" onClick={() => setOpen(true)}>
        Add variables
      </button>
    );
  }
  return <Field title="Variables" text={draft.variables} problem={problem} onChange={(variables) => onChange({ variables })} />;
}

function MockFields({ draft, definition, problem, onChange }: DraftProperties & { definition: unknown; problem: (name: keyof Draft) => string | undefined }) {
  const reason = needsMock(definition);
  return (
    <section class="section">
      <h3>Work</h3>
      <label class="field">
        <span class="hidden">What the state does</span>
        <select value={draft.mock} onChange={(event) => onChange({ mock: event.currentTarget.value as MockKind })}>
          <option value="none" disabled={reason !== undefined}>
            Do it
          </option>
          <option value="result">Mock it: return a result</option>
          <option value="error">Mock it: fail with an error</option>
        </select>
      </label>
      {reason && <p class="hint">{reason} can only be tried with a mocked result or error.</p>}
      {draft.mock === "result" && (
        <>
          <Editor value={draft.result} language="json" label="Mocked result" onChange={(result) => onChange({ result })} />
          <FieldProblem>{problem("result")}</FieldProblem>
        </>
      )}
      {draft.mock === "error" && (
        <div class="bench-error">
          <label class="field">
            <span>Error</span>
            <input value={draft.error} placeholder="States.Timeout" onInput={(event) => onChange({ error: event.currentTarget.value })} />
          </label>
          <label class="field">
            <span>Cause</span>
            <input value={draft.cause} onInput={(event) => onChange({ cause: event.currentTarget.value })} />
          </label>
          <FieldProblem>{problem("error")}</FieldProblem>
        </div>
      )}
    </section>
  );
}

/** What is shown until the state has run: what it did in the run. */
function Before({ state, busy }: { state: State; busy: boolean }) {
  return (
    <>
      <h3>Recorded</h3>
      <p class="bench-line">
        <Status status={state.status} /> {state.next && <Next name={state.next} />}
      </p>
      {state.error !== null && <ErrorBox error={state.error} cause={state.cause} caught={state.status === "CAUGHT"} />}
      {state.output !== null && <Json value={state.output} label="recorded output" />}
      <p class="muted" role="status">
        {busy ? "Running …" : "Run the state to see what it does now, and how that differs."}
      </p>
    </>
  );
}

function Next({ name }: { name: string }) {
  return (
    <span class="muted">
      then <strong>{name}</strong>
    </span>
  );
}

function Result({ state, others, tested, took }: { state: State; others: readonly string[]; tested: Tested; took: number }) {
  const steps = stepsOf(tested.inspection as Record<string, unknown>);
  const status = TESTED_STATUSES[tested.status];
  return (
    <>
      <table class="bench-table">
        <thead>
          <tr>
            <th scope="col" />
            <th scope="col">Status</th>
            <th scope="col">Next state</th>
          </tr>
        </thead>
        <tbody>
          <tr>
            <th scope="row">Now</th>
            <td>
              <Status status={status} /> <span class="muted small">{duration(took)}</span>
            </td>
            <td class={state.next === tested.nextState ? "" : "bench-other"}>
              {tested.nextState ?? "–"}
              {tested.nextState !== undefined && !others.includes(tested.nextState) && <span class="small">: the definition has no such state</span>}
            </td>
          </tr>
          <tr>
            <th scope="row">Recorded</th>
            <td>
              <Status status={state.status} />
            </td>
            <td>{state.next ?? "–"}</td>
          </tr>
        </tbody>
      </table>
      {tested.status === "RETRIABLE" && <p class="muted">In a run, its retrier would try it again.</p>}
      {tested.error !== undefined && <ErrorBox error={tested.error} cause={tested.cause ?? null} caught={tested.status === "CAUGHT_ERROR"} />}
      {tested.output !== undefined && (
        <>
          <section class="section" aria-label="Difference to the recorded output">
            <h3>Difference to the recorded output</h3>
            {state.output === null ? <p class="muted">The run has none: the state {state.exited ? "failed" : "has not ended"}.</p> : <Changes before={state.output} after={tested.output} />}
          </section>
          <section class="section">
            <h3>Output</h3>
            <Json value={tested.output} label="output" />
          </section>
        </>
      )}
      {steps.length > 0 && (
        <section class="section">
          <h3>Step by step</h3>
          <div>
            {steps.map((step) => (
              <details key={step.title} class="fold">
                <summary>
                  {step.title} {step.same && <span class="muted small">unchanged</span>}
                </summary>
                <Json value={step.value} label={step.title} />
              </details>
            ))}
          </div>
        </section>
      )}
    </>
  );
}

function parsedOr(text: string, otherwise: unknown): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return otherwise;
  }
}
