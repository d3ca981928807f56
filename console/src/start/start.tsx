/** Enters an input: a form and an editor that show the same value. Used for flows and for functions. */
import type { ComponentChildren } from "preact";
import { useMemo, useState } from "preact/hooks";
import { ApiProblem, messageOf } from "../api/problem";
import { Editor } from "../ui/editor";
import { Icon } from "../ui/icons";
import { SchemaForm } from "./form";
import { remember, remembered } from "./remembered";
import { initial, type Schema } from "./schema";
import { validate } from "./validate";

interface Properties {
  /** What is started, such as `flow orderFlow`: its inputs are remembered under this name. */
  what: string;
  schema: Schema | null;
  action: string;
  /** An input to begin with, in place of the remembered one. */
  given?: unknown;
  send: (input: Record<string, unknown>) => Promise<void>;
  children?: ComponentChildren;
}

const NO_PROBLEMS: ReadonlyMap<string, string> = new Map();

export function Start({ what, schema, action, given, send, children }: Properties) {
  const earlier = useMemo(() => remembered(what), [what]);
  const [value, setValue] = useState<unknown>(() => given ?? earlier[0] ?? (schema ? initial(schema) : {}));
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState("");
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const hasForm = schema?.properties !== undefined && Object.keys(schema.properties).length > 0;

  const setBoth = (changed: unknown) => {
    setValue(changed);
    setText(JSON.stringify(changed, null, 2));
    setBroken("");
    setProblems(NO_PROBLEMS);
  };
  const setFromText = (changed: string) => {
    setText(changed);
    try {
      setValue(changed.trim() ? JSON.parse(changed) : {});
      setBroken("");
    } catch (error) {
      setBroken(messageOf(error));
    }
  };
  const submit = async () => {
    setFailure(undefined);
    if (broken) return;
    if (typeof value !== "object" || value === null || Array.isArray(value)) {
      setFailure(new Error("The input must be a JSON object."));
      return;
    }
    setBusy(true);
    try {
      const found = schema ? await validate(schema, value) : NO_PROBLEMS;
      setProblems(found);
      if (found.size) return;
      remember(what, value);
      await send(value as Record<string, unknown>);
    } catch (error) {
      setFailure(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="start"
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        void submit();
      }}
    >
      <div class={hasForm ? "split" : ""}>
        {hasForm && schema && (
          <div class="card form-card">
            <h2>Input</h2>
            <SchemaForm schema={schema} value={value} problems={problems} onChange={setBoth} />
          </div>
        )}
        <div class="section">
          <div class="section-head">
            <h2>{hasForm ? "As JSON" : "Input as JSON"}</h2>
            {earlier.length > 0 && (
              <select aria-label="Earlier inputs" value="" onChange={(event) => setBoth(earlier[Number(event.currentTarget.value)])}>
                <option value="" disabled>
                  Earlier inputs
                </option>
                {earlier.map((item, index) => (
                  <option key={index} value={index}>
                    {JSON.stringify(item).slice(0, 60)}
                  </option>
                ))}
              </select>
            )}
          </div>
          <Editor value={text} language="json" label="Input as JSON" onChange={setFromText} />
          {broken && (
            <p class="field-problem" role="alert">
              <Icon name="warning" /> Not valid JSON: {broken}
            </p>
          )}
        </div>
      </div>
      <Problems problems={problems} failure={failure} />
      <div class="actions">
        <button type="submit" class="primary" disabled={busy || broken !== ""}>
          <Icon name="play" /> {busy ? "Sending …" : action}
        </button>
        {children}
      </div>
    </form>
  );
}

function Problems({ problems, failure }: { problems: ReadonlyMap<string, string>; failure: unknown }) {
  const fields = failure instanceof ApiProblem ? failure.fields.map((item): [string, string] => [item.field, item.message]) : [];
  const all = [...problems, ...fields];
  if (!all.length && failure === undefined) return null;
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>{failure === undefined ? "The input doesn't fit:" : messageOf(failure)}</p>
        <ul>
          {all.map(([place, message]) => (
            <li key={place}>
              <code>{place.replace(/^\//, "").replaceAll("/", ".") || "input"}</code> {message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
