import { describe, expect, it } from "vitest";
import { alternativeOf, initial, kindOf, limits, resolve, type Kind, type Schema } from "../../src/start/schema";

const ORDER = {
  type: "object",
  required: ["sku", "count", "kind"],
  properties: {
    sku: { type: "string", examples: ["A-1"] },
    count: { type: "integer", minimum: 1 },
    kind: { enum: ["gift", "own"] },
    note: { anyOf: [{ type: "string" }, { type: "null" }], default: null },
    country: { type: "string", default: "DE" },
    lines: { type: "array", items: { $ref: "#/$defs/Line" } },
  },
  $defs: { Line: { type: "object", properties: { price: { type: "number" } }, required: ["price"] } },
} as Schema;

describe("what a form begins with", () => {
  it("has examples, defaults and what is required", () => {
    expect(initial(ORDER)).toEqual({ sku: "A-1", count: 1, kind: "gift", country: "DE" });
    expect(initial({ type: "object", examples: [{ a: 1 }] })).toEqual({ a: 1 });
    expect(initial({ type: "object" })).toEqual({});
  });
  it("has as many items as must be there", () => {
    expect(initial({ type: "array", items: { type: "string" }, minItems: 2 })).toEqual(["", ""]);
    expect(initial({ type: "array", prefixItems: [{ type: "integer" }, { const: "x" }] })).toEqual([0, "x"]);
  });
  it("takes the first alternative", () => {
    expect(initial({ oneOf: [{ type: "object", required: ["a"], properties: { a: { const: 1 } } }, { type: "string" }] })).toEqual({ a: 1 });
  });
});

describe("the kind of a field", () => {
  it.each<[Kind, unknown]>([
    ["object", { $ref: "#/$defs/Line" }],
    ["number", { anyOf: [{ type: "integer" }, { type: "null" }] }],
    ["string", { type: ["string", "null"] }],
    ["json", { type: ["string", "number"] }],
    ["json", { type: "object" }],
    ["const", { const: null }],
    ["array", { type: "array", items: { type: "string" } }],
    ["tuple", { type: "array", prefixItems: [{ type: "string" }] }],
    ["tuple", { type: "array", items: [{ type: "string" }, { type: "integer" }] }],
    ["json", { type: "array", items: true }],
    ["map", { type: "object", additionalProperties: { type: "integer" } }],
    ["choice", { oneOf: [{ type: "string" }, { type: "object", properties: { a: {} } }] }],
    ["object", { allOf: [{ $ref: "#/$defs/Line" }, { properties: { more: { type: "string" } } }] }],
    ["json", { $ref: "https://example.com/other.json" }],
    ["json", { $ref: "#/nowhere/%E0%A4%A" }],
    ["json", { not: { type: "string" } }],
    ["json", true],
    ["json", "nonsense"],
    ["json", { enum: [] }],
  ])("is %s", (kind, schema) => expect(kindOf(resolve(schema, ORDER))).toBe(kind));

  it("joins the fields of allOf", () => {
    const joined = resolve({ allOf: [{ $ref: "#/$defs/Line" }, { properties: { more: { type: "string" } }, required: ["more"] }] }, ORDER);
    expect([Object.keys(joined.properties ?? {}).sort(), joined.required]).toEqual([["more", "price"], ["price", "more"]]);
  });
});

describe("schemas that contain themselves", () => {
  it.each<[string, Schema]>([
    ["an object", { type: "object", properties: { child: { $ref: "#" } }, required: ["child"] }],
    ["a list", { type: "array", items: { $ref: "#" }, minItems: 1 }],
    ["a tuple", { type: "array", prefixItems: [{ $ref: "#" }] }],
    ["a reference", { $ref: "#" }],
    ["allOf", { allOf: [{ $ref: "#" }, { type: "object" }] }],
    ["alternatives", { anyOf: [{ $ref: "#" }, { $ref: "#" }] }],
  ])("%s", (_, schema) => {
    const text = JSON.stringify(initial(schema)) ?? "";
    expect(text.length).toBeLessThan(2000);
  });
});

it("never throws, whatever a schema contains", () => {
  const parts: unknown[] = [null, true, 0, "x", [], {}, [null], { type: "object" }, { $ref: "#/a" }, { type: ["null"] }, { properties: null }, { properties: { a: null } }];
  const keys = ["type", "properties", "items", "prefixItems", "enum", "const", "anyOf", "oneOf", "allOf", "required", "additionalProperties", "examples", "default", "minItems", "minimum", "$ref"];
  const kinds = new Set<string>();
  for (const key of keys) {
    for (const other of keys) {
      for (const [index, value] of parts.entries()) {
        const schema = { type: "object", [key]: value, [other]: parts[(index + 3) % parts.length] } as Schema;
        initial(schema);
        kinds.add(kindOf(resolve(schema, schema)) + typeof limits(schema));
      }
    }
  }
  expect(kinds.has("jsonstring")).toBe(true);
});

it("sees from a value which alternative it is", () => {
  const shapes: Schema[] = [
    { type: "object", properties: { kind: { const: "card" }, number: {} }, required: ["kind"] },
    { type: "object", properties: { kind: { const: "bank" }, iban: {} }, required: ["kind"] },
    { type: "string" },
  ];
  expect([{ kind: "bank", number: 1 }, { kind: "card" }, "x", 3].map((value) => alternativeOf(shapes, value))).toEqual([1, 0, 2, 0]);
});

it("writes limits in words", () => {
  expect(limits({ minLength: 1, maxLength: 64 })).toBe("1 to 64 characters");
  expect(limits({ minimum: 1 })).toBe("at least 1");
  expect(limits({ maxItems: 1, pattern: "^A" })).toBe("at most 1 item, matches ^A");
  expect(limits({ minLength: 1 })).toBe("");
});
