import { expect, it } from "vitest";
import { filterEvents, readable } from "../../src/run/event-filter";
import type { EventRow } from "../../src/run/history";

function row(id: number, type: string, details: object, state = ""): EventRow {
  return { id, time: 0, type, state, raw: { id, previousEventId: 0, timestamp: "", type, taskFailedEventDetails: details } };
}

const rows = [row(1, "TaskStateEntered", { input: '{"sku":"TEA-88"}' }, "Each › 88 › Ask"), row(2, "TaskFailed", { error: "Refused" }), row(3, "ExecutionFailed", {})];

it("finds events by their payload, type, state and kind", () => {
  const ids = (...filter: Parameters<typeof filterEvents> extends [unknown, ...infer Rest] ? Rest : never) => filterEvents(rows, ...filter).map((item) => item.id);
  expect(ids("", "all")).toEqual([1, 2, 3]);
  expect(ids("tea-88", "all")).toEqual([1]);
  expect(ids("› 88 ›", "all")).toEqual([1]);
  expect(ids("", "errors")).toEqual([2, 3]);
  expect(ids("", "tasks")).toEqual([2]);
  expect(ids("refused", "states")).toEqual([]);
});

it("reads JSON in texts", () => {
  expect(readable(row(1, "X", { input: '{"a":1}', name: "plain", broken: "{" }).raw)).toEqual({ input: { a: 1 }, name: "plain", broken: "{" });
});
