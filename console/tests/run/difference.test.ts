import { expect, it } from "vitest";
import { causeOf } from "../../src/run/causes";
import { changes } from "../../src/run/difference";

it("lists what was added, removed and changed, with its place", () => {
  const before = { a: 1, gone: true, deep: { list: [{ n: 1 }, { n: 2 }], "odd key": 1 } };
  const after = { a: 2, fresh: [1], deep: { list: [{ n: 1 }, { n: 3 }], "odd key": 2 } };
  expect(changes(before, after)).toEqual(
    expect.arrayContaining([
      { place: "a", kind: "changed", before: 1, after: 2 },
      { place: "gone", kind: "removed", before: true },
      { place: "fresh", kind: "added", after: [1] },
      { place: 'deep["odd key"]', kind: "changed", before: 1, after: 2 },
    ]),
  );
  expect(changes(before, before)).toEqual([]);
});

it("compares whole values", () => {
  expect(changes(null, { a: 1 })).toEqual([{ place: "", kind: "changed", before: null, after: { a: 1 } }]);
  expect(changes([1, 2], [1, 2, 3])).toEqual([{ place: "[2]", kind: "added", after: 3 }]);
});

it("reads the causes that Lambda writes", () => {
  expect(causeOf('{"errorMessage":"It broke.","stackTrace":["  line 1\\n","  line 2\\n"]}')).toEqual({ message: "It broke.", trace: "  line 1\n  line 2" });
  expect(causeOf("Plain.")).toEqual({ message: "Plain.", trace: "" });
  expect(causeOf("{broken")).toEqual({ message: "{broken", trace: "" });
  expect(causeOf(null)).toEqual({ message: "", trace: "" });
});
