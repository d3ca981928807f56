import { describe, expect, it } from "vitest";
import { nextPause } from "../src/api/refresh";
import { problemOf } from "../src/api/problem";
import { baseOf } from "../src/shell/addresses";
import { match, type Shortcut } from "../src/shell/keyboard";
import { nextIndex } from "../src/shell/list-keys";
import { between, duration, number, relative, statusText } from "../src/ui/format";

describe("format", () => {
  it.each([
    [3, "3 ms"],
    [999.6, "1000 ms"],
    [4200, "4.2 s"],
    [59_000, "59 s"],
    [200_000, "3 m 20 s"],
    [7_500_000, "2 h 5 m"],
    [3 * 86_400_000 + 4 * 3_600_000, "3 d 4 h"],
    [-5, "0 ms"],
  ])("writes %d ms", (value, text) => expect(duration(value)).toBe(text));
  it("writes large numbers", () => expect(number(1_234_567)).toBe("1,234,567"));
  it("writes times for people", () => {
    const now = Date.parse("2026-01-01T12:00:00Z");
    expect(relative("2026-01-01T11:57:00Z", now)).toBe("3 minutes ago");
    expect(relative("2026-01-01T14:00:00Z", now)).toBe("in 2 hours");
    expect(relative("2026-01-01T11:59:58Z", now)).toBe("just now");
    expect(between("2026-01-01T11:59:00Z", null, now)).toBe("1 m");
  });
  it("writes a status in words", () => expect(statusText("TIMED_OUT")).toBe("Timed out"));
});

describe("addresses", () => {
  it("are below the API's stage on AWS", () => {
    expect(baseOf("https://x/api/console/assets/index-1.js", "/api/console/flows")).toBe("/api/console/");
    expect(baseOf("http://127.0.0.1:8000/console/assets/index-1.js", "/console")).toBe("/console/");
  });
});

describe("shortcuts", () => {
  const known: Shortcut[] = ["g f", "?", "j"].map((keys) => ({ keys, what: "", run: () => undefined }));
  it("finds single keys and pairs", () => {
    expect(match("", "?", known)).toBe(known[1]);
    expect(match("", "g", known)).toBe("begun");
    expect(match("g", "f", known)).toBe(known[0]);
    expect(match("g", "x", known)).toBeUndefined();
  });
  it("stays within a list", () => {
    expect([nextIndex(-1, 1, 3), nextIndex(-1, -1, 3), nextIndex(2, 1, 3), nextIndex(0, -1, 3)]).toEqual([0, 2, 2, 0]);
  });
});

describe("refresh", () => {
  it("backs off until something changes", () => {
    const pauses = [2000];
    for (let turn = 0; turn < 10; turn++) pauses.push(nextPause(pauses[turn] ?? 0, false));
    expect(pauses.at(-1)).toBe(30_000);
    expect(nextPause(30_000, true)).toBe(2000);
  });
});

describe("problems", () => {
  it("are read from the document, or made of the status", () => {
    const fields = [{ field: "a", message: "missing" }];
    expect(problemOf(422, { detail: "Wrong.", errors: fields, requestId: "r" })).toMatchObject({ message: "Wrong.", fields, requestId: "r" });
    expect(problemOf(502, "<html>").message).toBe("The service answered with status 502.");
  });
});
