import { expect, it } from "vitest";
import { lineOf } from "../../src/start/lines";
import type { Schema } from "../../src/start/schema";
import { pointerOf, validate } from "../../src/start/validate";

async function places(schema: unknown, value: unknown): Promise<string[]> {
  return [...(await validate(schema as Schema, value)).keys()].sort();
}

const LINE = { type: "object", properties: { price: { type: "number" } }, required: ["price"] };

it("names what is wrong by its place", async () => {
  const schema = { type: "object", required: ["sku", "kind"], properties: { sku: { type: "string" }, kind: { enum: ["a"] }, lines: { type: "array", items: LINE } } };
  expect(await places(schema, { sku: 1, lines: [{ price: "x" }, {}] })).toEqual(["/kind", "/lines/0/price", "/lines/1/price", "/sku"]);
  expect(await places(schema, { sku: "a", kind: "a" })).toEqual([]);
});

it("names fields with unusual names, and those that are too many", async () => {
  const schema = { type: "object", properties: { "a/b ~c%": { type: "string" } }, additionalProperties: false };
  expect(await places(schema, { "a/b ~c%": 1 })).toEqual(["/a~1b ~0c%"]);
  expect((await validate(schema as Schema, { other: 1 })).get("/other")).toBe("This field is not known.");
});

it("reports the alternative that a value is closest to", async () => {
  const schema = { properties: { pay: { anyOf: [{ type: "string" }, LINE, { type: "null" }] } } };
  expect(await places(schema, { pay: { price: "x" } })).toEqual(["/pay/price"]);
  expect((await validate(schema as Schema, { pay: 3 })).get("/pay")).toBe("This fits none of the alternatives.");
});

it("leaves schemas that it can't interpret to the service", async () => {
  expect(await places({ properties: { a: { $ref: "https://example.com/x.json" } } }, { a: 1 })).toEqual([]);
  expect(await places({ properties: { a: { pattern: "(?P<x>a)" } } }, { a: "b" })).toEqual([]);
});

it("reads tuples as the schema's draft means them", async () => {
  const items = [{ type: "string" }, { type: "integer" }];
  expect(await places({ $schema: "http://json-schema.org/draft-07/schema#", items }, ["a", "b"])).toEqual(["/1"]);
  expect(await places({ prefixItems: items }, ["a", "b"])).toEqual(["/1"]);
});

it("says in words which types are expected", async () => {
  const problems = await validate({ properties: { a: { type: ["string", "null"] } } }, { a: 1 });
  expect(problems.get("/a")).toBe("Expected string or null, not number.");
});

it("finds a field that the service names", () => {
  expect(["items[0].quantity", "a", "", "data.limit"].map(pointerOf)).toEqual(["/items/0/quantity", "/a", "", "/data/limit"]);
});

it("finds the line where JSON ends to be JSON", () => {
  expect(lineOf("Unexpected token in JSON at position 4", "{\n  x}")).toEqual({ line: 2, column: 3 });
  expect(lineOf("Expected ',' (line 3 column 5)", "")).toEqual({ line: 3, column: 5 });
  expect(lineOf("Unexpected end of JSON input", "{\n")).toEqual({ line: 2, column: 1 });
});
