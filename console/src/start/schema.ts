/**
 * Reads JSON Schemas: what kind of field a schema needs, and what a form begins with.
 *
 * Schemas come from people. Whatever one contains, nothing here throws: what can't be shown as a field is `json`.
 */

export interface Schema {
  $schema?: string;
  type?: string | string[];
  title?: string;
  description?: string;
  properties?: Record<string, Schema>;
  required?: string[];
  additionalProperties?: boolean | Schema;
  items?: Schema;
  prefixItems?: Schema[];
  enum?: unknown[];
  const?: unknown;
  format?: string;
  default?: unknown;
  examples?: unknown[];
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
  exclusiveMaximum?: number;
  multipleOf?: number;
  minLength?: number;
  maxLength?: number;
  minItems?: number;
  maxItems?: number;
  pattern?: string;
  readOnly?: boolean;
  allOf?: Schema[];
  anyOf?: Schema[];
  oneOf?: Schema[];
  $ref?: string;
}

export type Kind = "object" | "map" | "array" | "tuple" | "choice" | "const" | "enum" | "string" | "number" | "boolean" | "json";

/** How deep references and alternatives are followed. */
const DEPTH = 20;
/** How deep a form is filled in beforehand. */
const FILLED = 6;

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function asSchema(value: unknown): Schema {
  return isRecord(value) ? (value as Schema) : {};
}

function list(value: unknown): unknown[] {
  return Array.isArray(value) ? value : [];
}

/** Returns the fields of an object's schema. */
export function propertiesOf(schema: Schema): [string, Schema][] {
  return isRecord(schema.properties) ? Object.entries(schema.properties).map(([name, part]) => [name, asSchema(part)]) : [];
}

export function isRequired(schema: Schema, name: string): boolean {
  return list(schema.required).includes(name);
}

/** Returns the alternatives of a schema, without the one that is null. */
export function alternativesOf(schema: Schema): Schema[] {
  const all = Array.isArray(schema.anyOf) ? schema.anyOf : list(schema.oneOf);
  return all.filter((item) => item !== false && asSchema(item).type !== "null").map(asSchema);
}

/** Returns the schemas of the first items, where each place has its own. Until draft 2019-09 they were in `items`. */
export function placesOf(schema: Schema): Schema[] {
  const places = Array.isArray(schema.prefixItems) ? schema.prefixItems : list(schema.items);
  return places.map(asSchema);
}

/** Returns whether null is a value of the schema. */
export function takesNull(schema: Schema): boolean {
  const alternatives = [...list(schema.anyOf), ...list(schema.oneOf)];
  return typesOf(schema).includes("null") || alternatives.some((item) => asSchema(item).type === "null");
}

/** Follows references within the whole schema, joins `allOf`, and takes the one alternative that is not null. */
export function resolve(given: unknown, whole: Schema, depth = 0): Schema {
  const schema = asSchema(given);
  if (depth > DEPTH) return {};
  if (typeof schema.$ref === "string") {
    const target = schema.$ref.startsWith("#") ? pointed(whole, schema.$ref.slice(1)) : undefined;
    return { ...resolve(target, whole, depth + 1), ...without(schema, "$ref") };
  }
  if (Array.isArray(schema.allOf)) {
    return schema.allOf.reduce((joined: Schema, part) => join(joined, resolve(part, whole, depth + 1)), without(schema, "allOf"));
  }
  const alternatives = alternativesOf(schema);
  const [only] = alternatives;
  if (alternatives.length === 1 && only && !propertiesOf(schema).length) {
    const nullable = takesNull(schema);
    const found = { ...resolve(only, whole, depth + 1), ...without(schema, "anyOf", "oneOf") };
    return nullable && typeof found.type === "string" ? { ...found, type: [found.type, "null"] } : found;
  }
  return schema;
}

function join(one: Schema, other: Schema): Schema {
  const required = [...list(one.required), ...list(other.required)].filter((name): name is string => typeof name === "string");
  return {
    ...other,
    ...one,
    ...(one.properties || other.properties ? { properties: { ...other.properties, ...one.properties } } : {}),
    ...(required.length ? { required } : {}),
  };
}

function without(schema: Schema, ...keys: string[]): Schema {
  return Object.fromEntries(Object.entries(schema).filter(([key]) => !keys.includes(key)));
}

function pointed(whole: Schema, pointer: string): unknown {
  let value: unknown = whole;
  for (const token of pointer.split("/").slice(1)) {
    const key = unescaped(token).replaceAll("~1", "/").replaceAll("~0", "~");
    value = (isRecord(value) || Array.isArray(value)) && Object.hasOwn(value, key) ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

function unescaped(token: string): string {
  try {
    return decodeURIComponent(token);
  } catch {
    return token;
  }
}

const KINDS: Record<string, Kind> = { string: "string", boolean: "boolean", number: "number", integer: "number" };

/** Returns the kind of field for a resolved schema; `json` where no other field fits. */
export function kindOf(schema: Schema): Kind {
  if (schema.const !== undefined) return "const";
  if (Array.isArray(schema.enum) && schema.enum.length) return "enum";
  const [type, ...others] = typesOf(schema).filter((item) => item !== "null");
  if (others.length) return "json";
  if (type === "array") return arrayKind(schema);
  if (type === "object" || type === undefined) return objectKind(schema);
  return KINDS[type] ?? "json";
}

function typesOf(schema: Schema): string[] {
  return [schema.type].flat().filter((type) => typeof type === "string");
}

function arrayKind(schema: Schema): Kind {
  if (placesOf(schema).length) return "tuple";
  return isRecord(schema.items) ? "array" : "json";
}

function objectKind(schema: Schema): Kind {
  if (propertiesOf(schema).length) return "object";
  if (alternativesOf(schema).length > 1) return "choice";
  return typesOf(schema).includes("object") && isRecord(schema.additionalProperties) ? "map" : "json";
}

/** Returns what a form begins with: the first example, the default, or the required parts that have one. */
export function initial(given: unknown, whole: Schema = asSchema(given), depth = 0): unknown {
  const schema = resolve(given, whole);
  const [example] = list(schema.examples);
  const known = [example, schema.default, schema.const].find((value) => value !== undefined);
  if (known !== undefined) return known;
  const kind = kindOf(schema);
  if (depth > FILLED) return kind === "object" ? undefined : null;
  switch (kind) {
    case "object":
      return initialObject(schema, whole, depth);
    case "choice":
      return initial(alternativesOf(schema)[0], whole, depth + 1);
    case "tuple":
      return placesOf(schema).map((place) => initial(place, whole, depth + 1) ?? null);
    case "array":
      return Array.from({ length: Math.min(asCount(schema.minItems), 3) }, () => initial(schema.items, whole, depth + 1) ?? null);
    default:
      return initialLeaf(kind, schema, depth);
  }
}

function asCount(value: unknown): number {
  return typeof value === "number" && value > 0 ? Math.floor(value) : 0;
}

function initialLeaf(kind: Kind, schema: Schema, depth: number): unknown {
  const wantsArray = schema.type === "array";
  const leaves: Partial<Record<Kind, unknown>> = {
    map: {},
    enum: schema.enum?.[0],
    string: "",
    number: typeof schema.minimum === "number" ? schema.minimum : 0,
    boolean: false,
    json: wantsArray ? [] : depth === 0 || schema.type === "object" ? {} : null,
  };
  return leaves[kind];
}

function initialObject(schema: Schema, whole: Schema, depth: number): Record<string, unknown> {
  const value: [string, unknown][] = [];
  for (const [name, part] of propertiesOf(schema)) {
    const fallback = resolve(part, whole).default;
    const filled = isRequired(schema, name) ? initial(part, whole, depth + 1) : fallback;
    if (filled !== undefined && (filled !== null || isRequired(schema, name))) value.push([name, filled]);
  }
  return Object.fromEntries(value);
}

const INPUT_TYPES: Record<string, string> = { date: "date", "date-time": "datetime-local", email: "email", uri: "url", password: "password" };

/** Returns the type of `<input>` for a format of strings. */
export function inputType(format: unknown): string {
  return (typeof format === "string" && INPUT_TYPES[format]) || "text";
}

/** Returns which alternative a value belongs to: the first whose shape is the value's, otherwise the first. */
export function alternativeOf(alternatives: Schema[], value: unknown): number {
  const scores = alternatives.map((schema) => score(schema, value));
  const best = Math.max(...scores);
  return best > 0 ? scores.indexOf(best) : 0;
}

function score(schema: Schema, value: unknown): number {
  if (schema.const !== undefined) return Number(JSON.stringify(schema.const) === JSON.stringify(value)) * 3;
  if (Array.isArray(schema.enum)) return Number(schema.enum.some((item) => JSON.stringify(item) === JSON.stringify(value))) * 3;
  if (!isRecord(value)) return typesOf(schema).includes(typeOf(value)) ? 2 : 0;
  if (schema.type !== undefined && !typesOf(schema).includes("object")) return 0;
  const known = propertiesOf(schema);
  if (known.some(([name, part]) => part.const !== undefined && JSON.stringify(part.const) !== JSON.stringify(value[name]))) return 0;
  const missing = list(schema.required).filter((name) => typeof name === "string" && !(name in value)).length;
  return 1 + known.filter(([name]) => name in value).length - missing;
}

function typeOf(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "array";
  return Number.isInteger(value) ? "integer" : typeof value;
}

/** What a schema asks of a value, in words: `1 to 64 characters`. */
export function limits(schema: Schema): string {
  const parts = [
    range(schema.minLength, schema.maxLength, "character"),
    range(schema.minimum, schema.maximum, ""),
    typeof schema.exclusiveMinimum === "number" ? `more than ${schema.exclusiveMinimum}` : "",
    typeof schema.exclusiveMaximum === "number" ? `less than ${schema.exclusiveMaximum}` : "",
    typeof schema.multipleOf === "number" ? `a multiple of ${schema.multipleOf}` : "",
    range(schema.minItems, schema.maxItems, "item"),
    typeof schema.pattern === "string" ? `matches ${schema.pattern}` : "",
  ];
  return parts.filter(Boolean).join(", ");
}

function range(least: unknown, most: unknown, unit: string): string {
  const low = typeof least === "number" ? least : undefined;
  const high = typeof most === "number" ? most : undefined;
  const last = high ?? low;
  if (last === undefined || (low === 1 && high === undefined && unit === "character")) return "";
  const amount = low === undefined ? `at most ${high}` : high === undefined ? `at least ${low}` : low === high ? `${low}` : `${low} to ${high}`;
  return unit ? `${amount} ${unit}${last === 1 ? "" : "s"}` : amount;
}
