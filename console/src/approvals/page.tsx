/** One approval: what is asked, the form of the answer, and what was answered. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { ApiProblem, messageOf } from "../api/problem";
import { useRefresh } from "../api/refresh";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import { toast } from "../shell/toasts";
import { hasForm as formFor, SchemaForm } from "../start/form";
import { isRecord, type Schema } from "../start/schema";
import { pointerOf, validate } from "../start/validate";
import { Editor } from "../ui/editor";
import { Icon } from "../ui/icons";
import { Json, Time } from "../ui/parts";
import { Show } from "../ui/states";
import { beginning } from "./beginning";
import { answeredBy, Decision } from "./decision";
import type { Approval } from "./list";

type Verdict = "approve" | "reject";

const CONFLICT = 409;
const NO_PROBLEMS: ReadonlyMap<string, string> = new Map();

export function ApprovalPage({ id }: { id: string }) {
  const path = { path: { approval_id: id } };
  const approval = useLoad(`approval ${id}`, (signal) => ask(api.GET("/approvals/{approval_id}", { params: path, signal })));
  useRefresh(approval.data?.status === "pending", id, approval.reload);
  return (
    <Titled title={approval.data?.title ?? "Approval"}>
      <Show of={approval} rows={4}>
        {(data) => (
          <>
            {data.message && <p class="lead pre">{data.message}</p>}
            <Facts approval={data} />
            {data.answer ? <Answered approval={data} /> : data.status === "pending" ? <Answering approval={data} onAnswered={approval.reload} /> : <Expired />}
          </>
        )}
      </Show>
    </Titled>
  );
}

function Facts({ approval }: { approval: Approval }) {
  const asked = [...approval.who.groups.map((group) => `the group ${group}`), ...approval.who.users];
  return (
    <dl class="facts card">
      {approval.flow && approval.executionId && (
        <div>
          <dt>Run</dt>
          <dd>
            <a href={pageAt("runs", approval.flow, approval.executionId)}>{approval.flow}</a>
            {approval.state && <span class="muted">, state {approval.state}</span>}
          </dd>
        </div>
      )}
      {asked.length > 0 && (
        <div>
          <dt>Who may answer</dt>
          <dd>{asked.join(", ")}</dd>
        </div>
      )}
      <div>
        <dt>Asked</dt>
        <dd>
          <Time at={approval.created} />
        </dd>
      </div>
      {!approval.answer && (
        <div>
          <dt>{approval.status === "pending" ? "Expires" : "Expired"}</dt>
          <dd>
            <Time at={approval.expires} />
          </dd>
        </div>
      )}
    </dl>
  );
}

function Answered({ approval: { answer } }: { approval: Approval }) {
  if (!answer) return null;
  return (
    <section class="section spaced">
      <h2>
        <Decision answer={answer} />
      </h2>
      <p>
        By {answeredBy(answer)}, <Time at={answer.at} />.
      </p>
      {Object.keys(answer.data).length > 0 && <Json value={answer.data} label="answer" />}
    </section>
  );
}

function Expired() {
  return (
    <p class="section spaced" role="status">
      <Icon name="timed" /> It can't be answered any more: its time is over, or its run has ended.
    </p>
  );
}

function Answering({ approval, onAnswered }: { approval: Approval; onAnswered: () => void }) {
  const schema = approval.form as Schema | null;
  const begun = useMemo(() => (schema ? beginning(schema) : {}), [schema]);
  const [value, setValue] = useState<unknown>(begun);
  const [text, setText] = useState(() => JSON.stringify(begun, null, 2));
  const [broken, setBroken] = useState("");
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState<Verdict>();
  const form = useRef<HTMLFormElement>(null);
  useEffect(() => {
    if (problems.size) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problems]);

  const edit = (changed: string) => {
    setText(changed);
    try {
      setValue(changed.trim() ? JSON.parse(changed) : {});
      setBroken("");
    } catch (error) {
      setBroken(messageOf(error));
    }
  };
  const send = async (decision: Verdict) => {
    // A rejection needs no data, and what doesn't fit the form is not sent with it.
    const found = schema && !broken ? await validate(schema, value) : NO_PROBLEMS;
    const isSound = !broken && found.size === 0 && isRecord(value);
    if (decision === "approve" && !isSound) {
      setProblems(found);
      if (!broken && !isRecord(value)) throw new Error("The answer must be a JSON object.");
      return;
    }
    const body = isSound && Object.keys(value).length ? { decision, data: value } : { decision };
    await ask(api.POST("/approvals/{approval_id}", { params: { path: { approval_id: approval.id } }, body }));
    toast(decision === "approve" ? "Approved. The run continues." : "Rejected. The run continues.");
    onAnswered();
  };
  const answer = async (decision: Verdict) => {
    setFailure(undefined);
    setProblems(NO_PROBLEMS);
    setBusy(decision);
    try {
      await send(decision);
    } catch (error) {
      setFailure(error);
      if (error instanceof ApiProblem) {
        setProblems(new Map(error.fields.map((item) => [pointerOf(item.field.replace(/^data\.?/, "")), item.message])));
        if (error.status === CONFLICT) onAnswered(); // somebody else was faster
      }
    } finally {
      setBusy(undefined);
    }
  };
  return (
    <form
      class="start spaced"
      ref={form}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void answer("approve");
      }}
    >
      {schema && formFor(schema) ? (
        <div class="card form-card">
          <h2>Your answer</h2>
          <SchemaForm schema={schema} value={value} problems={problems} onChange={setValue} />
        </div>
      ) : (
        <details class="card schema" open={schema !== null}>
          <summary>Answer as JSON{schema === null && " (optional)"}</summary>
          <Editor value={text} language="json" label="Answer as JSON" onChange={edit} />
        </details>
      )}
      {(failure !== undefined || broken || problems.size > 0) && (
        <p class="problem" role="alert">
          <Icon name="warning" /> {failure !== undefined ? messageOf(failure) : broken ? `Not valid JSON: ${broken}` : "The answer doesn't fit the form yet."}
        </p>
      )}
      <div class="actions">
        <button type="submit" class="primary" disabled={busy !== undefined || broken !== ""}>
          <Icon name="succeeded" /> {busy === "approve" ? "Sending …" : "Approve"}
        </button>
        <button type="button" disabled={busy !== undefined} onClick={() => void answer("reject")}>
          <Icon name="failed" /> {busy === "reject" ? "Sending …" : "Reject"}
        </button>
      </div>
    </form>
  );
}
