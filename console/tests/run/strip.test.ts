import { expect, it } from "vitest";
import { iterationAt, layOut } from "../../src/run/strip";

it("gives each iteration a cell, as large as fits", () => {
  expect(layOut(10, 320, 120)).toEqual({ size: 16, columns: 20, rows: 1, per: 1 });
  const many = layOut(5000, 1200, 120);
  expect(many.per).toBe(1);
  expect(many.rows * many.size).toBeLessThanOrEqual(120);
});

it("puts several iterations into a cell where there are too many", () => {
  const layout = layOut(1_000_000, 400, 120);
  expect(layout.per * layout.columns * layout.rows).toBeGreaterThanOrEqual(1_000_000);
});

it("finds the iteration at a point", () => {
  const layout = layOut(30, 160, 120);
  expect(iterationAt(layout, 30, 0, 0)).toBe(0);
  expect(iterationAt(layout, 30, 17, 17)).toBe(layout.columns + 1);
  expect(iterationAt(layout, 30, 159, 100)).toBeUndefined();
});
