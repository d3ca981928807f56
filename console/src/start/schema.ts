/** Reads JSON Schemas: what kind of field a schema needs, and what a form begins with. */

export interface Schema {
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  enum?: unknown[];
  const?: unknown;
  format?: string;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  minLength?: number;
  maxLength?: number;
  pattern?: string;
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
  $defs?: Record<string, Schema>;
  definitions?: Record<string, Schema>;
}

export type Kind = "object" | "array" | "enum" | "string" | "number" | "boolean" | "json";

/** Follows references within the whole schema, and takes the one alternative that is not null. */
export function resolve(schema: Schema, whole: Schema, depth = 0): Schema {
  if (depth > 20) return {};
  if (schema.$ref?.startsWith("#")) {
    const found = pointed(whole, schema.$ref.slice(1));
    return { ...resolve(found ?? {}, whole, depth + 1), ...without(schema, "$ref") };
  }
  const alternatives = (schema.anyOf ?? schema.oneOf)?.filter((item) => item.type !== "null");
  if (alternatives?.length === 1 && alternatives[0]) {
    return { ...resolve(alternatives[0], whole, depth + 1), ...without(schema, "anyOf", "oneOf") };
  }
  return schema;
}

function without(schema: Schema, ...keys: string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

function pointed(whole: Schema, pointer: string): Schema | undefined {
  let value: unknown = whole;
  for (const token of pointer.split("/").slice(1)) {
    const key = decodeURIComponent(token).replaceAll("~1", "/").replaceAll("~0", "~");
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return typeof value === "object" && value !== null ? value : undefined;
}

const KINDS: Record<string, Kind> = { string: "string", boolean: "boolean", number: "number", integer: "number" };

/** Returns the kind of field for a resolved schema; `json` where no other field fits. */
export function kindOf(schema: Schema): Kind {
  if (schema.enum || schema.const !== undefined) return "enum";
  const types = (Array.isArray(schema.type) ? schema.type : [schema.type]).filter((type) => type !== "null");
  const [type] = types;
  if (types.length > 1) return "json";
  const hasProperties = Object.keys(schema.properties ?? {}).length > 0;
  if (hasProperties && (type === "object" || type === undefined)) return "object";
  if (type === "array" && schema.items && !Array.isArray(schema.items)) return "array";
  return KINDS[type ?? ""] ?? "json";
}

/** Returns what a form begins with: the first example, the default, or the required parts that have one. */
export function initial(schema: Schema, whole: Schema = schema, depth = 0): unknown {
  const resolved = resolve(schema, whole);
  const given = [resolved.examples?.[0], resolved.default, resolved.const].find((value) => value !== undefined);
  if (given !== undefined) return given;
  if (depth > 8) return null;
  const kind = kindOf(resolved);
  if (kind === "object") return initialObject(resolved, whole, depth);
  const empty: Record<Exclude<Kind, "object">, unknown> = {
    array: [],
    enum: resolved.enum?.[0],
    string: "",
    number: resolved.minimum ?? 0,
    boolean: false,
    json: depth === 0 || resolved.type === "object" ? {} : null,
  };
  return empty[kind];
}

function initialObject(schema: Schema, whole: Schema, depth: number): Record<string, unknown> {
  const value: Record<string, unknown> = {};
  for (const [name, part] of Object.entries(schema.properties ?? {})) {
    const fallback = resolve(part, whole).default;
    if (schema.required?.includes(name)) value[name] = initial(part, whole, depth + 1);
    else if (fallback !== undefined && fallback !== null) value[name] = fallback;
  }
  return value;
}

/** Returns the type of `<input>` for a format of strings. */
export function inputType(format: string | undefined): string {
  return { date: "date", time: "time", email: "email", uri: "url", password: "password" }[format ?? ""] ?? "text";
}
