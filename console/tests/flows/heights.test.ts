import { expect, it } from "vitest";
import { heights } from "../../src/flows/heights";
import { matches } from "../../src/ui/search";

it("draws short runs high enough to be seen", () => {
  expect(heights([0, 100, 400, 400_000], 28)).toEqual([5, 5, 5, 28]);
  expect(heights([100, 400], 28)).toEqual([14, 28]);
  expect(heights([], 28)).toEqual([]);
});

it("finds every word of a search in any order", () => {
  expect(matches("orderFlow Prices an order", "price ORDER")).toBe(true);
  expect(matches("orderFlow", "order hello")).toBe(false);
  expect(matches("anything", "")).toBe(true);
});
