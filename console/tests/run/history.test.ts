import { describe, expect, it } from "vitest";
import { findMap, History, indexesOf, Outcome, shortened, type RawEvent } from "../../src/run/history";

/** Builds events: `[previous, type, name or index, error]`; ids count from 1. */
function events(...rows: [number, string, (string | number | undefined)?, string?][]): RawEvent[] {
  return rows.map(([previousEventId, type, what, error], at) => {
    const timestamp = new Date(1_700_000_000_000 + at * 1000).toISOString();
    const key = type.charAt(0).toLowerCase() + type.slice(1) + "EventDetails";
    const details = type.endsWith("StateEntered")
      ? { stateEnteredEventDetails: { name: what } }
      : type.endsWith("StateExited")
        ? { stateExitedEventDetails: { name: what } }
        : type.startsWith("MapIteration")
          ? { [key]: { name: "Each", index: what } }
          : { [key]: { error } };
    return { id: at + 1, previousEventId, timestamp, type, ...details };
  });
}

function read(...rows: Parameters<typeof events>): History {
  const history = new History();
  history.add(events(...rows));
  return history;
}

const RETRIED = events(
  [0, "ExecutionStarted"],
  [0, "TaskStateEntered", "Load"],
  [2, "TaskScheduled"],
  [3, "TaskFailed", undefined, "Busy"],
  [4, "TaskScheduled"],
  [5, "TaskSucceeded"],
  [6, "TaskStateExited", "Load"],
  [7, "ExecutionSucceeded"],
);

describe("History", () => {
  it("counts the attempts of a task", () => {
    const history = new History();
    history.add(RETRIED);
    expect(history.roots).toMatchObject([{ name: "Load", kind: "Task", status: "SUCCEEDED", attempts: 2, error: "" }]);
    expect(history.end - history.start).toBe(7000);
  });

  it("leaves out events that it knows", () => {
    const history = new History();
    history.add(RETRIED.slice(0, 5));
    history.add(RETRIED);
    expect(history.rows.map((row) => row.id)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(history.visits.get("Load")).toBe(1);
  });

  it("puts the states of branches that mix into their Parallel", () => {
    const history = read(
      [0, "ParallelStateEntered", "Both"],
      [1, "ParallelStateStarted"],
      [2, "PassStateEntered", "Left"],
      [2, "PassStateEntered", "Right"],
      [3, "PassStateExited", "Left"],
      [5, "PassStateEntered", "Leftmost"],
      [4, "PassStateExited", "Right"],
      [6, "PassStateExited", "Leftmost"],
      [8, "ParallelStateSucceeded"],
      [8, "ParallelStateExited", "Both"],
      [10, "PassStateEntered", "After"],
    );
    expect(history.roots.map((span) => span.name)).toEqual(["Both", "After"]);
    expect(history.roots[0]?.children.map((span) => [span.name, span.index])).toEqual([["Left", 0], ["Right", 1], ["Leftmost", 0]]);
    expect(history.rows[5]?.state).toBe("Both › Leftmost");
  });

  const LOOP: Parameters<typeof events> = [
    [0, "MapStateEntered", "Each"],
    [1, "MapStateStarted"],
    [2, "MapIterationStarted", 0],
    [2, "MapIterationStarted", 1],
    [3, "TaskStateEntered", "Ask"],
    [4, "TaskStateEntered", "Ask"],
    [5, "TaskScheduled"],
    [6, "TaskScheduled"],
    [7, "TaskFailed", undefined, "Refused"],
    [9, "TaskStateExited", "Ask"], // caught
    [10, "PassStateEntered", "Skip"],
    [11, "PassStateExited", "Skip"],
    [12, "MapIterationSucceeded", 0],
    [13, "MapIterationStarted", 2], // follows the iteration whose place it takes
    [14, "TaskStateEntered", "Ask"],
    [8, "TaskFailed", undefined, "Broken"],
    [16, "MapIterationFailed", 1],
    [15, "TaskStateAborted"],
    [15, "MapIterationAborted", 2],
    [16, "MapStateFailed"],
    [20, "ExecutionFailed", undefined, "Broken"],
  ];

  it("says what became of each iteration", () => {
    const history = read(...LOOP);
    const map = findMap(history.roots, "Each", []);
    expect(map?.status).toBe("FAILED");
    expect(map?.iterations.map((item) => item?.outcome)).toEqual([Outcome.Caught, Outcome.Failed, Outcome.Aborted]);
    expect(indexesOf(map?.iterations ?? [], Outcome.Failed, Outcome.Caught)).toEqual([0, 1]);
    expect(map?.children.map((span) => [span.name, span.index, span.status])).toEqual([
      ["Ask", 0, "CAUGHT"],
      ["Ask", 1, "FAILED"],
      ["Skip", 0, "SUCCEEDED"],
      ["Ask", 2, "ABORTED"],
    ]);
    expect(history.rows[14]?.state).toBe("Each › 2 › Ask");
  });

  it("continues what a redrive continues", () => {
    const history = read(
      [0, "TaskStateEntered", "Load"],
      [1, "TaskScheduled"],
      [2, "TaskFailed", undefined, "Busy"],
      [3, "ExecutionFailed"],
      [4, "ExecutionRedriven"],
      [5, "TaskScheduled"],
      [6, "TaskSucceeded"],
      [7, "TaskStateExited", "Load"],
    );
    expect(history.roots).toMatchObject([{ name: "Load", status: "SUCCEEDED" }]);
  });
});

it("reads 25,000 events in one pass", () => {
  const rows: Parameters<typeof events> = [[0, "MapStateEntered", "Each"], [1, "MapStateStarted"]];
  for (let index = 0; rows.length < 24_996; index++) {
    const first = rows.length + 1;
    rows.push([2, "MapIterationStarted", index], [first, "PassStateEntered", "A"], [first + 1, "PassStateExited", "A"], [first + 2, "MapIterationSucceeded", index]);
  }
  const history = read(...rows);
  const map = findMap(history.roots, "Each", []);
  expect(map?.iterations.length).toBe(6249);
  expect(map?.children.length).toBe(6249);
});

it("cuts long texts of an event", () => {
  const event = { id: 1, previousEventId: 0, timestamp: "", type: "X", xEventDetails: { input: "abcdef", name: "A" } };
  expect(shortened(event, 6)).toBe(event);
  expect(shortened(event, 3)).toEqual({ ...event, xEventDetails: { input: "abc … (6 characters; the state has all of them)", name: "A" } });
});
