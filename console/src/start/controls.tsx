/** The controls of single values: texts, numbers, choices, and JSON for whatever has no control of its own. */
import { useEffect, useRef, useState } from "preact/hooks";
import { inputType, takesNull, type Kind, type Schema } from "./schema";

export interface ControlProperties {
  kind: Kind;
  schema: Schema;
  value: unknown;
  required: boolean;
  id: string;
  described: string | undefined;
  invalid: boolean;
  onChange: (value: unknown) => void;
}

/** Longer texts get a field of several lines. */
const LONG = 200;

export function Control(properties: ControlProperties) {
  switch (properties.kind) {
    case "const":
      return <input {...shared(properties)} type="text" readOnly value={shown(properties.schema.const)} />;
    case "enum":
      return <Options {...properties} options={properties.schema.enum ?? []} />;
    case "boolean":
      return <Options {...properties} options={[true, false]} />;
    case "number":
      return <NumberInput {...properties} />;
    case "string":
      return <TextInput {...properties} />;
    default:
      return <JsonInput {...properties} />;
  }
}

function shared({ id, described, invalid }: ControlProperties) {
  return { id, "aria-describedby": described, "aria-invalid": invalid || undefined };
}

export function shown(value: unknown): string {
  return typeof value === "string" ? value : (JSON.stringify(value) ?? "");
}

/** What an emptied field means: nothing, or null where the field must be there. */
function emptied({ schema, required }: ControlProperties): unknown {
  return required && takesNull(schema) ? null : undefined;
}

function Options({ options, ...properties }: ControlProperties & { options: unknown[] }) {
  const { value, required, onChange } = properties;
  const current = options.findIndex((option) => JSON.stringify(option) === JSON.stringify(value));
  return (
    <select {...shared(properties)} value={String(current)} onChange={(event) => onChange(event.currentTarget.value === "-1" ? emptied(properties) : options[Number(event.currentTarget.value)])}>
      {(!required || current < 0) && <option value="-1" />}
      {options.map((option, index) => (
        <option key={index} value={String(index)}>
          {shown(option)}
        </option>
      ))}
    </select>
  );
}

function NumberInput(properties: ControlProperties) {
  const { schema, value, onChange } = properties;
  const whole = [schema.type].flat().includes("integer");
  return (
    <input
      {...shared(properties)}
      type="number"
      step={whole ? 1 : "any"}
      min={bound(schema.minimum)}
      max={bound(schema.maximum)}
      value={typeof value === "number" ? value : ""}
      onInput={(event) => onChange(event.currentTarget.value === "" ? emptied(properties) : Number(event.currentTarget.value))}
    />
  );
}

function bound(value: unknown): number | undefined {
  return typeof value === "number" ? value : undefined;
}

function TextInput(properties: ControlProperties) {
  const { schema, value, required, onChange } = properties;
  const text = typeof value === "string" ? value : "";
  const read = (changed: string) => onChange(changed === "" && (!required || takesNull(schema)) ? emptied(properties) : changed);
  const [example] = Array.isArray(schema.examples) ? schema.examples : [];
  const placeholder = typeof example === "string" ? example : undefined;
  if (text.includes("\n") || (typeof schema.maxLength === "number" && schema.maxLength > LONG)) {
    return <textarea {...shared(properties)} rows={4} placeholder={placeholder} value={text} onInput={(event) => read(event.currentTarget.value)} />;
  }
  const type = inputType(schema.format);
  if (type === "datetime-local" && (text === "" || localTime(text))) {
    const readTime = (changed: string) => read(changed && new Date(changed).toISOString());
    return <input {...shared(properties)} type="datetime-local" step={1} value={localTime(text)} onInput={(event) => readTime(event.currentTarget.value)} />;
  }
  return <input {...shared(properties)} type={(type === "datetime-local" ? "text" : type) as "text"} placeholder={placeholder} value={text} onInput={(event) => read(event.currentTarget.value)} />;
}

/** Returns a time as `<input type="datetime-local">` wants it, in the reader's zone; empty if it is not one. */
export function localTime(text: string): string {
  const time = new Date(text);
  if (!text || Number.isNaN(time.getTime())) return "";
  return new Date(time.getTime() - time.getTimezoneOffset() * 60_000).toISOString().slice(0, 19);
}

function compactly(text: string): string {
  try {
    return text.trim() ? JSON.stringify(JSON.parse(text)) : "";
  } catch {
    return "";
  }
}

/** A value as text. What is not JSON yet stays in the field, and the value as it was. */
function JsonInput(properties: ControlProperties) {
  const { value, onChange } = properties;
  const written = value === undefined ? "" : JSON.stringify(value);
  const [text, setText] = useState(written);
  const [broken, setBroken] = useState(false);
  const latest = useRef(text);
  latest.current = text;
  useEffect(() => {
    if (compactly(latest.current) === written) return; // it is what is being typed
    setText(written);
    setBroken(false);
  }, [written]);
  const read = (changed: string) => {
    setText(changed);
    try {
      const parsed: unknown = changed.trim() ? JSON.parse(changed) : undefined;
      setBroken(false);
      if (JSON.stringify(parsed) !== written) onChange(parsed);
    } catch {
      setBroken(true);
    }
  };
  return (
    <>
      <textarea {...shared(properties)} aria-invalid={broken || properties.invalid || undefined} class="mono" rows={2} spellcheck={false} value={text} onInput={(event) => read(event.currentTarget.value)} />
      {broken && <p class="field-problem">This is not JSON yet; texts need quotes.</p>}
    </>
  );
}
