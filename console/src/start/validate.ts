/** Checks a value against its schema before it is sent. The library interprets schemas, so no code is generated. */
import type { Schema } from "./schema";

/** Returns what is wrong, by the JSON pointer of the value. */
export async function validate(schema: Schema, value: unknown): Promise<Map<string, string>> {
  const { Validator } = await import("@cfworker/json-schema");
  const result = new Validator(schema as object, "2020-12", false).validate(value);
  const problems = new Map<string, string>();
  for (const error of result.errors) {
    // The errors of containers ("properties") only repeat those of what they contain.
    if (["properties", "items", "prefixItems", "$ref", "anyOf", "allOf"].includes(error.keyword) && result.errors.length > 1) continue;
    const missing = error.keyword === "required" ? /property "([^"]+)"/.exec(error.error)?.[1] : undefined;
    const place = error.instanceLocation.slice(1) + (missing ? `/${missing}` : "");
    if (!problems.has(place)) problems.set(place, missing ? "This is required." : error.error);
  }
  return problems;
}
