import { beforeEach, describe, expect, it, vi } from "vitest";
import { bulkFilter, counted, firstOf, interrupted, keep, MOST, preview, work, type Again, type AgainRow, type Body, type Job, type Send } from "../../src/runs/bulk";

const NOW = Date.parse("2026-11-27T10:00:00Z");
const never = () => false;

beforeEach(() => {
  const kept = new Map<string, string>();
  vi.stubGlobal("sessionStorage", {
    getItem: (key: string) => kept.get(key) ?? null,
    setItem: (key: string, value: string) => kept.set(key, value),
    removeItem: (key: string) => kept.delete(key),
  });
});

/** A service with so many runs that match; it fails once when it is asked for a token of `failing`. */
function service(count: number, failing?: string) {
  const requests: { body: Body; key: string | undefined }[] = [];
  let failed = false;
  const send: Send = (_, body, key) => {
    requests.push({ body, key });
    if (failing !== undefined && body.nextToken === failing && !failed) {
      failed = true;
      return Promise.reject(new Error("503"));
    }
    const from = Number(body.nextToken ?? 0);
    const to = Math.min(count, from + (body.limit ?? 0));
    const runs = Array.from({ length: to - from }, (_, index): AgainRow => ({ flow: "f", executionId: String(from + index), result: body.dryRun ? "wouldRedrive" : "redriven" }));
    const answer: Again = { runs, count: runs.length, ...(to < count ? { nextToken: String(to) } : {}) };
    return Promise.resolve(answer);
  };
  return { send, requests };
}

function job(total: number): Job {
  return { verb: "redrive", chosen: "status=FAILED", filter: { status: "FAILED" }, key: "k", total, rows: [], finished: false };
}

describe("a preview", () => {
  it("ends at a thousand, and says that there are more", async () => {
    const { send, requests } = service(2500);
    const counts: number[] = [];
    const found = await preview(send, "redrive", { status: "FAILED" }, (count) => counts.push(count), never);
    expect([found.rows.length, found.more]).toEqual([MOST, true]);
    expect(counts).toEqual([250, 500, 750, 1000]);
    expect(requests.every(({ body, key }) => body.dryRun && key === undefined)).toBe(true);
  });
  it("means no run that starts later", () => {
    expect(bulkFilter(new URLSearchParams("flow=f&label=a:1&label=b:2"), NOW)).toEqual({ flow: "f", label: ["a:1", "b:2"], to: "2026-11-27T10:00:00.000Z" });
    expect(bulkFilter(new URLSearchParams("to=2026-11-01T00:00:00Z"), NOW).to).toBe("2026-11-01T00:00:00.000Z");
  });
});

describe("the work", () => {
  it("does what the preview had, with one key, and tells each step", async () => {
    const { send, requests } = service(100);
    const steps: number[] = [];
    await work(send, job(60), (now) => steps.push(now.rows.length), never);
    expect(steps).toEqual([25, 50, 60]);
    expect(new Set(requests.map(({ key }) => key))).toEqual(new Set(["k"]));
    expect(interrupted("redrive", "status=FAILED")).toBeUndefined();
  });
  it("continues after a failure where it was, with the same key", async () => {
    const { send, requests } = service(60, "25");
    const first = job(60);
    keep(first);
    await expect(work(send, first, () => undefined, never)).rejects.toThrow("503");
    const kept = interrupted("redrive", "status=FAILED");
    expect(kept?.rows.length).toBe(25);
    expect(interrupted("rerun", "status=FAILED")).toBeUndefined();
    await work(send, kept as Job, () => undefined, never);
    expect(requests.map(({ body, key }) => [body.nextToken, key])).toEqual([[undefined, "k"], ["25", "k"], ["25", "k"], ["50", "k"]]);
  });
  it("stops when it is told to", async () => {
    const { send, requests } = service(100);
    await work(send, job(100), () => undefined, () => requests.length === 1);
    expect(requests).toHaveLength(1);
  });
});

it("counts by any property", () => {
  const rows = ["a", "b", "b"].map((flow): AgainRow => ({ flow, executionId: flow, result: "refused" }));
  expect(counted(rows, (row) => row.flow)).toEqual([["b", 2], ["a", 1]]);
  const counts: [string, number][] = [["b", 3], ["a", 2], ["c", 1]];
  expect(firstOf(counts, 1, "others")).toEqual([["b", 3], ["others", 3]]);
  expect(firstOf(counts, 3, "others")).toEqual(counts);
});
