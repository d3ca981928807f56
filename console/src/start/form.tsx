/** A form made from a JSON Schema. It changes one value, whose text the editor beside it shows. */
import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { Icon } from "../ui/icons";
import { Control } from "./controls";
import { alternativeOf, alternativesOf, initial, isRecord, isRequired, kindOf, limits, placesOf, propertiesOf, resolve, type Kind, type Schema } from "./schema";

interface Field {
  schema: Schema;
  whole: Schema;
  value: unknown;
  name: string;
  path: string;
  required: boolean;
  problems: ReadonlyMap<string, string>;
  onChange: (value: unknown) => void;
}

const NESTED: Kind[] = ["object", "map", "choice"];

/** Returns whether a form can be made for a schema. */
export function hasForm(schema: Schema | null): boolean {
  return schema !== null && NESTED.includes(kindOf(resolve(schema, schema)));
}

export function SchemaForm({ schema, value, problems, onChange }: Pick<Field, "schema" | "value" | "problems" | "onChange">) {
  const field: Field = { schema: resolve(schema, schema), whole: schema, value, name: "input", path: "", required: true, problems, onChange };
  return <Inner {...field} />;
}

/** The fields inside a value that has some, without a frame. */
function Inner(field: Field) {
  switch (kindOf(field.schema)) {
    case "map":
      return <MapFields {...field} />;
    case "choice":
      return <ChoiceFields {...field} />;
    default:
      return <ObjectFields {...field} />;
  }
}

/** Returns an object with another value for a key; undefined removes it. */
export function withKey(value: unknown, key: string, changed: unknown): Record<string, unknown> {
  const current = isRecord(value) ? Object.entries(value) : [];
  if (changed === undefined) return Object.fromEntries(current.filter(([name]) => name !== key));
  const replaced = current.map(([name, old]): [string, unknown] => [name, name === key ? changed : old]);
  return Object.fromEntries(current.some(([name]) => name === key) ? replaced : [...replaced, [key, changed]]);
}

function pathTo(path: string, key: string | number): string {
  return `${path}/${String(key).replaceAll("~", "~0").replaceAll("/", "~1")}`;
}

function ObjectFields({ schema, whole, value, path, problems, onChange }: Field) {
  const current = isRecord(value) ? value : {};
  return (
    <div class="form-fields">
      {propertiesOf(schema).map(([name, part]) => (
        <FormField
          key={name}
          schema={resolve(part, whole)}
          whole={whole}
          value={Object.hasOwn(current, name) ? current[name] : undefined}
          name={name}
          path={pathTo(path, name)}
          required={isRequired(schema, name)}
          problems={problems}
          onChange={(changed) => onChange(withKey(current, name, changed))}
        />
      ))}
    </div>
  );
}

/** An object with any keys: its values have one schema. */
function MapFields({ schema, whole, value, name, path, problems, onChange }: Field) {
  const [key, setKey] = useState("");
  const current = isRecord(value) ? value : {};
  const part = resolve(schema.additionalProperties, whole);
  const add = () => {
    if (!key || Object.hasOwn(current, key)) return;
    onChange(withKey(current, key, initial(part, whole, 1) ?? null));
    setKey("");
  };
  return (
    <div class="form-fields">
      {Object.keys(current).map((item) => (
        <Removable key={item} label={item} onRemove={() => onChange(withKey(current, item, undefined))}>
          <FormField schema={part} whole={whole} value={current[item]} name={item} path={pathTo(path, item)} required problems={problems} onChange={(changed) => onChange(withKey(current, item, changed ?? null))} />
        </Removable>
      ))}
      <div class="array-item">
        <label class="field">
          <span class="field-name">New name in {name}</span>
          <input type="text" value={key} onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <button type="button" disabled={!key || Object.hasOwn(current, key)} onClick={add}>
          Add
        </button>
      </div>
    </div>
  );
}

/** One of several schemas; an alternative that has alternatives again is entered as JSON. Which one is seen from the value, until the user chooses another one. */
function ChoiceFields(field: Field) {
  const alternatives = alternativesOf(field.schema).map((item) => resolve(item, field.whole));
  const [chosen, setChosen] = useState<number>();
  const current = chosen ?? alternativeOf(alternatives, field.value);
  const schema = alternatives[current] ?? {};
  const id = `choice${idOf(field.path)}`;
  return (
    <div class="form-fields">
      <div class="field">
        <label for={id} class="field-name">
          Kind of {field.name}
        </label>
        <select
          id={id}
          value={String(current)}
          onChange={(event) => {
            const index = Number(event.currentTarget.value);
            setChosen(index);
            field.onChange(initial(alternatives[index], field.whole, 1));
          }}
        >
          {alternatives.map((item, index) => (
            <option key={index} value={String(index)}>
              {titleOf(item, index)}
            </option>
          ))}
        </select>
      </div>
      {kindOf(schema) === "object" ? <ObjectFields {...field} schema={schema} /> : <FormField key={current} {...field} schema={kindOf(schema) === "choice" ? {} : schema} />}
    </div>
  );
}

function titleOf(schema: Schema, index: number): string {
  if (typeof schema.title === "string") return schema.title;
  const fixed = propertiesOf(schema).find(([, part]) => part.const !== undefined);
  if (fixed) return `${fixed[0]}: ${String(fixed[1].const)}`;
  return [schema.type].flat().join(" or ") || `alternative ${index + 1}`;
}

function idOf(path: string): string {
  return path.replaceAll(/[^\w-]/g, (letter) => `_${letter.codePointAt(0)}`);
}

function FormField(field: Field) {
  const kind = kindOf(field.schema);
  if (NESTED.includes(kind)) return <NestedField {...field} />;
  if (kind === "array") return <ArrayField {...field} />;
  if (kind === "tuple") return <TupleField {...field} />;
  const id = `field${idOf(field.path)}`;
  const problem = field.problems.get(field.path);
  const hint = hintOf(field.schema);
  const described = [hint && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  return (
    <div class="field">
      {kind === "boolean" && field.required ? (
        <label class="check">
          <input id={id} type="checkbox" checked={field.value === true} aria-describedby={described} aria-invalid={problem ? true : undefined} onChange={(event) => field.onChange(event.currentTarget.checked)} />
          <Name field={field} />
        </label>
      ) : (
        <>
          <label for={id}>
            <Name field={field} />
          </label>
          <Control kind={kind} schema={field.schema} value={field.value} required={field.required} id={id} described={described} invalid={problem !== undefined} onChange={field.onChange} />
        </>
      )}
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      <FieldProblem id={`${id}-problem`} text={problem} />
    </div>
  );
}

function FieldProblem({ id, text }: { id?: string; text: string | undefined }) {
  if (!text) return null;
  return (
    <p class="field-problem" id={id}>
      <Icon name="warning" /> {text}
    </p>
  );
}

function hintOf(schema: Schema): string {
  const description = typeof schema.description === "string" ? schema.description : "";
  const rules = limits(schema);
  return [description, description && rules ? `(${rules})` : rules].filter(Boolean).join(" ");
}

function Name({ field }: { field: Field }) {
  return (
    <span class="field-name">
      {field.name}
      {field.required && <span class="required"> required</span>}
    </span>
  );
}

function Group({ field, children }: { field: Field; children: ComponentChildren }) {
  const hint = hintOf(field.schema);
  return (
    <fieldset class="group">
      <legend>
        <Name field={field} />
      </legend>
      {hint && <p class="hint">{hint}</p>}
      {children}
      <FieldProblem text={field.problems.get(field.path)} />
    </fieldset>
  );
}

/** An object inside another one. It is not there until it is added: a schema may contain itself. */
function NestedField(field: Field) {
  const isThere = kindOf(field.schema) === "choice" ? field.value !== undefined : isRecord(field.value);
  if (!isThere) return <NotThere {...field} />;
  return (
    <Group field={field}>
      <Inner {...field} />
      {!field.required && (
        <button type="button" onClick={() => field.onChange(undefined)}>
          Remove {field.name}
        </button>
      )}
    </Group>
  );
}

function Removable({ label, onRemove, children }: { label: string; onRemove: () => void; children: ComponentChildren }) {
  return (
    <div class="array-item">
      {children}
      <button type="button" class="plain" aria-label={`Remove ${label}`} title={`Remove ${label}`} onClick={onRemove}>
        <Icon name="close" />
      </button>
    </div>
  );
}

function ArrayField(field: Field) {
  const items: unknown[] = Array.isArray(field.value) ? field.value : [];
  const schema = resolve(field.schema.items, field.whole);
  return (
    <Group field={field}>
      {items.map((item, index) => (
        <Removable key={index} label={`${field.name} ${index + 1}`} onRemove={() => field.onChange(items.filter((_, at) => at !== index))}>
          <FormField
            {...field}
            schema={schema}
            value={item}
            name={`${field.name} ${index + 1}`}
            path={pathTo(field.path, index)}
            required
            onChange={(changed) => field.onChange(items.map((old, at) => (at === index ? (changed ?? null) : old)))}
          />
        </Removable>
      ))}
      <button type="button" onClick={() => field.onChange([...items, initial(schema, field.whole, 1) ?? null])}>
        Add to {field.name}
      </button>
    </Group>
  );
}

function NotThere(field: Field) {
  return (
    <Group field={field}>
      <button type="button" onClick={() => field.onChange(initial(field.schema, field.whole, 1))}>
        Add {field.name}
      </button>
    </Group>
  );
}

/** A list whose places have schemas of their own. Items beyond them are kept as they are. */
function TupleField(field: Field) {
  const places = placesOf(field.schema);
  const items: unknown[] = Array.isArray(field.value) ? field.value : [];
  const change = (index: number, changed: unknown) => {
    const length = Math.max(items.length, index + 1);
    field.onChange(Array.from({ length }, (_, at) => (at === index ? (changed ?? null) : (items[at] ?? null))));
  };
  if (!Array.isArray(field.value)) return <NotThere {...field} />;
  return (
    <Group field={field}>
      {places.map((place, index) => {
        const schema = resolve(place, field.whole);
        const name = typeof schema.title === "string" ? schema.title : `${field.name} ${index + 1}`;
        return <FormField key={index} {...field} schema={schema} value={items[index]} name={name} path={pathTo(field.path, index)} required onChange={(changed) => change(index, changed)} />;
      })}
    </Group>
  );
}
