import { describe, expect, it } from "vitest";
import { Outcome, type Span } from "../../src/run/history";
import { moved, ticks, timelineRows, zoomed } from "../../src/run/rows-of";

function span(name: string, more: Partial<Span> = {}): Span {
  return { name, kind: "Task", status: "SUCCEEDED", start: 0, end: 1, attempts: 1, error: "", container: undefined, index: -1, children: [], iterations: [], branches: 0, ...more };
}

function loop(length: number): Span {
  const iterations = Array.from({ length }, (_, index) => ({ outcome: index === 3 ? Outcome.Failed : Outcome.Succeeded, start: 0, end: 1 }));
  return span("Each", { kind: "Map", iterations, children: Array.from({ length }, (_, index) => span("A", { index })) });
}

describe("timelineRows", () => {
  it("nests branches and iterations", () => {
    const rows = timelineRows([span("P", { kind: "Parallel", children: [span("L"), span("R")] }), loop(2)], new Set());
    expect(rows.map((row) => [row.name, row.depth])).toEqual([["P", 0], ["L", 1], ["R", 1], ["Each", 0], ["0", 1], ["1", 1]]);
  });
  it("closes large loops at first, and opens what was toggled", () => {
    const each = loop(5000);
    expect(timelineRows([each], new Set())).toHaveLength(1);
    expect(timelineRows([each], new Set(["/0"]))).toHaveLength(5001);
    expect(timelineRows([each], new Set(["/0", "/0/i7"]))).toHaveLength(5002);
    expect(timelineRows([each], new Set(["/0"]), true).map((row) => row.name)).toEqual(["Each", "3"]);
  });
});

it("zooms around a point and stays within the whole", () => {
  const whole = { from: 0, to: 1000 };
  expect(zoomed(whole, whole, 0.5)).toEqual({ from: 250, to: 750 });
  expect(zoomed({ from: 0, to: 500 }, whole, 4)).toEqual(whole);
  expect(zoomed({ from: 250, to: 750 }, whole, 0.5, 0)).toEqual({ from: 250, to: 500 });
  expect(moved({ from: 250, to: 750 }, whole, 1)).toEqual({ from: 500, to: 1000 });
});

it("has round times on its axis", () => {
  expect(ticks(0, 10, 10)).toEqual([0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  expect(ticks(0, 4200, 8)).toEqual([0, 1000, 2000, 3000, 4000]);
  expect(ticks(0, 86_400_000, 8).length).toBeLessThanOrEqual(9);
});
