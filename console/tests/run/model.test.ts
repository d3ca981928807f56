import { describe, expect, it } from "vitest";
import { mapAround, merged, nextOf, nextWrong, nodeStatuses, noteOf } from "../../src/run/model";
import { state } from "./states";

const loop = { total: 5000, succeeded: 4983, failed: 17, running: 0, aborted: 0, failedIndexes: [3, 88] };

describe("merged", () => {
  it("replaces states by newer answers and keeps the order of entry", () => {
    const first = state("A", { entered: "2026-01-01T00:00:01Z", status: "RUNNING" });
    const second = state("B", { entered: "2026-01-01T00:00:02Z" });
    const found = merged([second], [first, { ...first, status: "SUCCEEDED" }]);
    expect(found.map((item) => [item.name, item.status])).toEqual([["A", "SUCCEEDED"], ["B", "SUCCEEDED"]]);
  });
});

describe("nextWrong", () => {
  const states = [state("A"), state("B", { status: "CAUGHT" }), state("C"), state("D", { status: "FAILED" })];
  it("goes forwards and backwards and starts over", () => {
    expect(nextWrong(states, undefined, 1)?.name).toBe("B");
    expect(nextWrong(states, undefined, -1)?.name).toBe("D");
    expect(nextWrong(states, "/States/B", 1)?.name).toBe("D");
    expect(nextWrong(states, "/States/D", 1)?.name).toBe("B");
    expect(nextWrong(states, "/States/B", -1)?.name).toBe("D");
    expect(nextWrong([state("A")], undefined, 1)).toBeUndefined();
  });
});

it("finds the next failed iteration, starting over at the end", () => {
  expect(nextOf([3, 88], undefined, 1)).toBe(3);
  expect(nextOf([3, 88], 3, 1)).toBe(88);
  expect(nextOf([3, 88], 90, 1)).toBe(3);
  expect(nextOf([3, 88], 50, -1)).toBe(3);
  expect(nextOf([], 5, 1)).toBeUndefined();
});

it("says what is special about a state", () => {
  expect(noteOf(state("A", { attempts: 3 }))).toBe("attempt 3");
  expect(noteOf(state("A", { iterations: loop }))).toBe("17 of 5,000 failed");
  expect(noteOf(state("A"))).toBeUndefined();
});

it("finds the innermost Map around a state", () => {
  expect(mapAround("/States/A")).toBeUndefined();
  expect(mapAround("/States/Each/ItemProcessor/States/A")).toBe("/States/Each");
  expect(mapAround("/States/P/Branches/0/States/Each/Iterator/States/A")).toBe("/States/P/Branches/0/States/Each");
  expect(mapAround("/States/Each/ItemProcessor/States/Inner/ItemProcessor/States/A")).toBe("/States/Each/ItemProcessor/States/Inner");
});

describe("nodeStatuses", () => {
  const node = (path: string) => ({ path, name: path.split("/").at(-1) ?? "", kind: "task", container: false, x: 0, y: 0, width: 1, height: 1 });
  const graph = { width: 1, height: 1, edges: [], nodes: ["/States/Each", "/States/Each/ItemProcessor/States/A", "/States/Z"].map(node) };
  it("tells states that were not reached from those in a loop", () => {
    const found = nodeStatuses(graph, [state("Each", { iterations: loop })], []);
    expect([...found.values()].map((item) => item.status)).toEqual(["SUCCEEDED", "ITERATED", "NOT_REACHED"]);
  });
  it("shows those of one iteration", () => {
    const inside = state("A", { path: "/States/Each/ItemProcessor/States/A", status: "FAILED" });
    const around = [state("Each", { iterations: loop })];
    const found = nodeStatuses(graph, around, [inside], new Map([["A", 5000]]), "/States/Each");
    expect(found.get("/States/Each/ItemProcessor/States/A")?.status).toBe("FAILED");
    const other = nodeStatuses(graph, around, [], new Map([["A", 5000]]), "/States/Each");
    expect(other.get("/States/Each/ItemProcessor/States/A")?.status).toBe("NOT_REACHED");
    const outside = nodeStatuses(graph, around, [], new Map([["A", 5000]]));
    expect(outside.get("/States/Each/ItemProcessor/States/A")).toEqual({ status: "ITERATED", note: "5,000 ×" });
  });
});
