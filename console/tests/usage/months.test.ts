import { expect, it } from "vitest";
import { everyMonth, everyNth } from "../../src/usage/months";
import { problemOfId } from "../../src/usage/user-id";

it("puts the months without calls between the others", () => {
  const months = everyMonth([
    { yearMonth: "2025-11", apiCalls: 3 },
    { yearMonth: "2026-02", apiCalls: 5 },
  ]);
  expect(months.map((item) => [item.yearMonth, item.apiCalls])).toEqual([["2025-11", 3], ["2025-12", 0], ["2026-01", 0], ["2026-02", 5]]);
  expect(everyMonth([])).toEqual([]);
});

it("labels as many months as there is room for, the newest always", () => {
  expect(everyNth(12, 20)).toHaveLength(12);
  expect(everyNth(36, 5)).toEqual([3, 11, 19, 27, 35]);
  expect(everyNth(3, 0)).toEqual([2]);
});

it("says what is wrong with an id", () => {
  expect(problemOfId("ada@example.com")).toContain("list_users.py");
  expect(problemOfId("a b")).toBe("An id has no spaces.");
  expect(problemOfId("190e94e3-41b6-47f4-b346-f2c31732a8b4")).toBe("");
});
