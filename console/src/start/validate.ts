/** Checks a value against its schema before it is sent. The library interprets schemas, so no code is generated. */
import type { OutputUnit, SchemaDraft } from "@cfworker/json-schema";
import type { Schema } from "./schema";

/** Keywords whose errors only repeat those of the values inside. */
const CONTAINERS = ["properties", "items", "prefixItems", "$ref", "allOf", "additionalProperties", "patternProperties", "if", "dependentSchemas"];

/**
 * Returns what is wrong, by the JSON pointer of the value.
 *
 * A schema that can't be interpreted here (a reference to another document, a pattern of another dialect) finds nothing:
 * the service checks the value in any case.
 */
export async function validate(schema: Schema, value: unknown): Promise<Map<string, string>> {
  const { Validator } = await import("@cfworker/json-schema");
  let errors: OutputUnit[];
  try {
    errors = new Validator(schema as object, draftOf(schema), false).validate(value).errors;
  } catch {
    return new Map();
  }
  const problems = new Map<string, string>();
  for (const error of ofNearestAlternative(errors)) {
    if (CONTAINERS.includes(error.keyword) && errors.length > 1) continue;
    const missing = error.keyword === "required" ? /property "([^"]+)"/.exec(error.error)?.[1] : undefined;
    const place = placeOf(error.instanceLocation) + (missing ? `/${missing.replaceAll("~", "~0").replaceAll("/", "~1")}` : "");
    if (!problems.has(place)) problems.set(place, missing ? "This is required." : messageOf(error));
  }
  return problems;
}

function draftOf(schema: Schema): SchemaDraft {
  const name = typeof schema.$schema === "string" ? schema.$schema : "";
  if (/draft-0?7/.test(name)) return "7";
  if (/draft-0?4/.test(name)) return "4";
  return name.includes("2019-09") ? "2019-09" : "2020-12";
}

function placeOf(location: string): string {
  const pointer = location.slice(1);
  try {
    return decodeURIComponent(pointer);
  } catch {
    return pointer;
  }
}

function messageOf(error: OutputUnit): string {
  if (error.keyword === "false") return "This field is not known.";
  if (error.keyword === "anyOf" || error.keyword === "oneOf") return "This fits none of the alternatives.";
  const types = error.keyword === "type" ? /^Instance type "(.+?)" is invalid\. Expected (.+)\.$/.exec(error.error) : null;
  return types ? `Expected ${types[2]?.replaceAll('"', "").replaceAll(", ", " or ")}, not ${types[1]}.` : error.error;
}

/** Of the alternatives that a value doesn't fit, leaves the errors of the one that has the fewest. */
function ofNearestAlternative(errors: OutputUnit[]): OutputUnit[] {
  let left = errors;
  for (const { keyword, keywordLocation, instanceLocation } of errors) {
    if (keyword !== "anyOf" && keyword !== "oneOf") continue;
    const byIndex = new Map<string, OutputUnit[]>();
    for (const error of errors) {
      const index = error.keywordLocation.startsWith(`${keywordLocation}/`) ? error.keywordLocation.slice(keywordLocation.length + 1).split("/")[0] : undefined;
      if (index !== undefined) byIndex.set(index, [...(byIndex.get(index) ?? []), error]);
    }
    // An alternative of another type is further away than one with errors in its parts.
    const isOther = (found: OutputUnit[]) => found.some((error) => error.keyword === "type" && error.instanceLocation === instanceLocation);
    const near = [...byIndex.values()].filter((found) => !isOther(found)).sort((one, other) => one.length - other.length)[0] ?? [];
    const dropped = new Set([...byIndex.values()].flat().filter((error) => !near.includes(error)));
    left = left.filter((error) => !dropped.has(error));
    if (near.length) left = left.filter((error) => error.keywordLocation !== keywordLocation || error.instanceLocation !== instanceLocation);
  }
  return left;
}

/** Returns the JSON pointer of a field as the service names it: `items[0].quantity` gives `/items/0/quantity`. */
export function pointerOf(field: string): string {
  return field ? `/${field.replaceAll(/\[(\d+)\]/g, ".$1").replaceAll("/", "~1").split(".").filter(Boolean).join("/")}` : "";
}
