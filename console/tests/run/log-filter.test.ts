import { expect, it } from "vitest";
import { filtered, type Line } from "../../src/run/log-filter";

function line(message: string, level: string, state: string | null): Line {
  return { time: "2026-01-01T00:00:00Z", level, function: "f", state, attempt: 1, requestId: "r", message };
}

it("filters lines by text, level and state", () => {
  const lines = [line("one", "INFO", "A"), line("two", "WARN", "B"), line("three", "", null)];
  const all = { text: "", level: "", state: "" };
  expect(filtered(lines, all)).toHaveLength(3);
  expect(filtered(lines, { ...all, text: " ONE" })).toEqual([lines[0]]);
  expect(filtered(lines, { ...all, level: "WARNING" })).toEqual([lines[1]]);
  expect(filtered(lines, { ...all, state: "A" })).toEqual([lines[0]]);
});
