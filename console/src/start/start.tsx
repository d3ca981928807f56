/** Enters an input: a form and an editor that show the same value. Used for flows and for functions. */
import type { ComponentChildren } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { ApiProblem, messageOf } from "../api/problem";
import type { LineFinding } from "../ui/codemirror";
import { Editor } from "../ui/editor";
import { Icon } from "../ui/icons";
import { hasForm as formFor, SchemaForm } from "./form";
import { lineOf } from "./lines";
import { remember, remembered } from "./remembered";
import { initial, isRecord, type Schema } from "./schema";
import { pointerOf, validate } from "./validate";

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
const NO_FINDINGS: LineFinding[] = [];

export function Start({ what, schema, action, given, send, children }: Properties) {
  const earlier = useMemo(() => remembered(what), [what]);
  const [value, setValue] = useState<unknown>(() => given ?? earlier[0] ?? (schema ? initial(schema) : {}));
  const [text, setText] = useState(() => JSON.stringify(value, null, 2));
  const [broken, setBroken] = useState("");
  const [problems, setProblems] = useState(NO_PROBLEMS);
  const [failure, setFailure] = useState<unknown>();
  const [busy, setBusy] = useState(false);
  const form = useRef<HTMLFormElement>(null);
  const hasForm = formFor(schema);
  const findings = useMemo(() => (broken ? [{ ...lineOf(broken, text), severity: "error" as const, message: broken }] : NO_FINDINGS), [broken, text]);
  useEffect(() => {
    if (problems.size) form.current?.querySelector<HTMLElement>("[aria-invalid=true]")?.focus();
  }, [problems]);

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
  const fail = (error: unknown) => {
    setFailure(error);
    if (error instanceof ApiProblem && error.fields.length) setProblems(new Map(error.fields.map((item) => [pointerOf(item.field), item.message])));
  };
  const submit = async () => {
    setFailure(undefined);
    setProblems(NO_PROBLEMS);
    if (broken) return;
    if (!isRecord(value)) {
      setFailure(new Error("The input must be a JSON object."));
      return;
    }
    setBusy(true);
    try {
      const found = schema ? await validate(schema, value) : NO_PROBLEMS;
      setProblems(found);
      if (found.size) return;
      remember(what, value);
      await send(value);
    } catch (error) {
      fail(error);
    } finally {
      setBusy(false);
    }
  };
  return (
    <form
      class="start"
      ref={form}
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
            <fieldset class="bare" disabled={broken !== ""}>
              <legend class="hidden">Fields of the input</legend>
              <SchemaForm schema={schema} value={value} problems={problems} onChange={setBoth} />
            </fieldset>
          </div>
        )}
        <div class="section">
          <div class="section-head">
            <h2>{hasForm ? "As JSON" : "Input as JSON"}</h2>
            <Templates schema={schema} earlier={earlier} onChoose={setBoth} />
          </div>
          <Editor value={text} language="json" label="Input as JSON" onChange={setFromText} findings={findings} />
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

/** Inputs to begin with: the schema's examples, and those that were sent before. */
function Templates({ schema, earlier, onChoose }: { schema: Schema | null; earlier: unknown[]; onChoose: (value: unknown) => void }) {
  const examples: unknown[] = Array.isArray(schema?.examples) ? schema.examples : [];
  if (!earlier.length && !examples.length) return null;
  const all = [...earlier, ...examples];
  const option = (item: unknown, index: number) => (
    <option key={index} value={index}>
      {JSON.stringify(item).slice(0, 60)}
    </option>
  );
  return (
    <select aria-label="Earlier inputs and examples" value="" onChange={(event) => onChoose(all[Number(event.currentTarget.value)])}>
      <option value="" disabled>
        Fill in …
      </option>
      {earlier.length > 0 && <optgroup label="Earlier inputs">{earlier.map(option)}</optgroup>}
      {examples.length > 0 && <optgroup label="Examples">{examples.map((item, index) => option(item, earlier.length + index))}</optgroup>}
    </select>
  );
}

function Problems({ problems, failure }: { problems: ReadonlyMap<string, string>; failure: unknown }) {
  if (!problems.size && failure === undefined) return null;
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>{failure === undefined ? "The input doesn't fit:" : messageOf(failure)}</p>
        <ul>
          {[...problems].map(([place, message]) => (
            <li key={place}>
              <code>{place.replace(/^\//, "").replaceAll("/", ".") || "input"}</code> {message}
            </li>
          ))}
        </ul>
      </div>
    </div>
  );
}
