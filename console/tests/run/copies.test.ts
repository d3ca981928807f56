import { expect, it } from "vitest";
import { asCurl, asPython, asTest, literal } from "../../src/run/copies";
import type { Run } from "../../src/run/model";

const run = { flow: "orderFlow", executionId: "01-ab", input: { note: "it's", ok: true, none: null } } as unknown as Run;

it("quotes an input for the shell", () => {
  expect(asCurl(run, "http://x")).toContain(`-d '{"note":"it'\\''s","ok":true,"none":null}'`);
  expect(asCurl(run, "http://x")).toContain("'http://x/run/orderFlow'");
});

it("writes values as Python does", () => {
  expect(asPython(run, "http://x")).toContain(`flow_input = {"note": "it's", "ok": True, "none": None}`);
  expect(literal([1.5, "\n", []], 0)).toBe('[1.5, "\\n", []]');
  const long = literal({ first: "a".repeat(60), second: ["b".repeat(60)] }, 0);
  expect(long.split("\n")[0]).toBe("{");
  expect(long.split("\n").at(-1)).toBe("}");
});

it("names the command that records a test", () => {
  expect(asTest(run)).toBe("python -m compiler record 01-ab > tests/own/test_orderflow.py");
});
