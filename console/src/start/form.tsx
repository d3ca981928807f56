/** A form made from a JSON Schema. It changes one value, whose text the editor beside it shows. */
import { Icon } from "../ui/icons";
import { initial, inputType, kindOf, resolve, type Schema } from "./schema";

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

export function SchemaForm({ schema, value, problems, onChange }: { schema: Schema; value: unknown; problems: ReadonlyMap<string, string>; onChange: (value: unknown) => void }) {
  const resolved = resolve(schema, schema);
  if (kindOf(resolved) !== "object") {
    return <p class="muted">The input has no fields that are known. Write it as JSON.</p>;
  }
  return <Properties schema={resolved} whole={schema} value={value} path="" problems={problems} onChange={onChange} />;
}

function record(value: unknown): Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Record<string, unknown>) : {};
}

function Properties({ schema, whole, value, path, problems, onChange }: Omit<Field, "name" | "required">) {
  const current = record(value);
  return (
    <div class="form-fields">
      {Object.entries(schema.properties ?? {}).map(([name, part]) => (
        <FormField
          key={name}
          schema={resolve(part, whole)}
          whole={whole}
          value={current[name]}
          name={name}
          path={`${path}/${name}`}
          required={schema.required?.includes(name) ?? false}
          problems={problems}
          onChange={(changed) => {
            const others = Object.entries(current).filter(([key]) => key !== name || changed !== undefined);
            onChange({ ...Object.fromEntries(others), ...(changed === undefined ? {} : { [name]: changed }) });
          }}
        />
      ))}
    </div>
  );
}

function FormField(field: Field) {
  const kind = kindOf(field.schema);
  if (kind === "object") return <ObjectField {...field} />;
  if (kind === "array") return <ArrayField {...field} />;
  const id = `field${field.path.replaceAll(/[^\w-]/g, "_")}`;
  const problem = field.problems.get(field.path);
  const described = [field.schema.description && `${id}-hint`, problem && `${id}-problem`].filter(Boolean).join(" ") || undefined;
  if (kind === "boolean") {
    return (
      <div class="field">
        <label class="check">
          <input id={id} type="checkbox" checked={field.value === true} aria-describedby={described} onChange={(event) => field.onChange(event.currentTarget.checked)} />
          <Name field={field} />
        </label>
        <Notes id={id} schema={field.schema} problem={problem} />
      </div>
    );
  }
  return (
    <div class="field">
      <label for={id}>
        <Name field={field} />
      </label>
      <Control field={field} kind={kind} id={id} described={described} invalid={problem !== undefined} />
      <Notes id={id} schema={field.schema} problem={problem} />
    </div>
  );
}

function Name({ field }: { field: Field }) {
  return (
    <span class="field-name">
      {field.name}
      {field.required && <span class="required"> required</span>}
    </span>
  );
}

function Notes({ id, schema, problem }: { id: string; schema: Schema; problem: string | undefined }) {
  return (
    <>
      {schema.description && (
        <p class="hint" id={`${id}-hint`}>
          {schema.description}
        </p>
      )}
      {problem && (
        <p class="field-problem" id={`${id}-problem`}>
          <Icon name="warning" /> {problem}
        </p>
      )}
    </>
  );
}

interface ControlProperties {
  field: Field;
  kind: ReturnType<typeof kindOf>;
  id: string;
  described: string | undefined;
  invalid: boolean;
}

function Control({ field, kind, id, described, invalid }: ControlProperties) {
  const { schema, value, onChange, required } = field;
  const common = { id, "aria-describedby": described, "aria-invalid": invalid || undefined };
  if (kind === "enum") {
    const options = schema.enum ?? [schema.const];
    const current = options.findIndex((option) => JSON.stringify(option) === JSON.stringify(value));
    return (
      <select {...common} value={String(current)} onChange={(event) => onChange(options[Number(event.currentTarget.value)])}>
        {(!required || current < 0) && <option value="-1" />}
        {options.map((option, index) => (
          <option key={index} value={String(index)}>
            {typeof option === "string" ? option : JSON.stringify(option)}
          </option>
        ))}
      </select>
    );
  }
  if (kind === "number") {
    const step = schema.type === "integer" ? 1 : "any";
    const read = (text: string) => onChange(text === "" ? undefined : Number(text));
    return <input {...common} type="number" step={step} min={schema.minimum} max={schema.maximum} value={typeof value === "number" ? value : ""} onInput={(event) => read(event.currentTarget.value)} />;
  }
  if (kind === "string") {
    const example = typeof schema.examples?.[0] === "string" ? schema.examples[0] : undefined;
    const read = (text: string) => onChange(text === "" && !required ? undefined : text);
    return <input {...common} type={inputType(schema.format) as "text"} placeholder={example} value={typeof value === "string" ? value : ""} onInput={(event) => read(event.currentTarget.value)} />;
  }
  return (
    <textarea
      {...common}
      class="mono"
      rows={2}
      value={value === undefined ? "" : JSON.stringify(value)}
      onChange={(event) => {
        const text = event.currentTarget.value;
        try {
          onChange(text.trim() ? JSON.parse(text) : undefined);
        } catch {
          onChange(text);
        }
      }}
    />
  );
}

function ObjectField(field: Field) {
  return (
    <fieldset class="group">
      <legend>
        <Name field={field} />
      </legend>
      {field.value === undefined && !field.required ? (
        <button type="button" onClick={() => field.onChange(initial(field.schema, field.whole))}>
          Add {field.name}
        </button>
      ) : (
        <>
          <Properties {...field} />
          {!field.required && (
            <button type="button" onClick={() => field.onChange(undefined)}>
              Remove {field.name}
            </button>
          )}
        </>
      )}
    </fieldset>
  );
}

function ArrayField(field: Field) {
  const items = Array.isArray(field.value) ? (field.value as unknown[]) : [];
  const schema = field.schema.items ?? {};
  const problem = field.problems.get(field.path);
  return (
    <fieldset class="group">
      <legend>
        <Name field={field} />
      </legend>
      {field.schema.description && <p class="hint">{field.schema.description}</p>}
      {items.map((item, index) => (
        <div class="array-item" key={index}>
          <FormField
            {...field}
            schema={resolve(schema, field.whole)}
            value={item}
            name={`${field.name} ${index + 1}`}
            path={`${field.path}/${index}`}
            required
            onChange={(changed) => field.onChange(items.map((old, at) => (at === index ? changed : old)))}
          />
          <button type="button" class="plain" aria-label={`Remove ${field.name} ${index + 1}`} onClick={() => field.onChange(items.filter((_, at) => at !== index))}>
            <Icon name="close" />
          </button>
        </div>
      ))}
      {problem && (
        <p class="field-problem">
          <Icon name="warning" /> {problem}
        </p>
      )}
      <button type="button" onClick={() => field.onChange([...items, initial(schema, field.whole, 1)])}>
        Add to {field.name}
      </button>
    </fieldset>
  );
}
