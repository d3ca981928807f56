import { expect, it } from "vitest";
import { page } from "../../src/run/export";
import { state } from "./states";
import type { Run } from "../../src/run/model";

it("saves a page without scripts, in which nothing of the data is markup", () => {
  const run = { flow: "f<1>", executionId: "x", status: "FAILED", startDate: "2026-01-01T00:00:00Z", stopDate: "2026-01-01T00:00:01Z", labels: { "<b>": '"' }, error: "E<script>", cause: '{"errorMessage":"</pre><script>alert(1)</script>"}', input: "</pre><img>", output: null } as unknown as Run;
  const text = page(run, [state("A", { input: { "<i>": 1 } })], null);
  expect(text).not.toMatch(/<(script|img|b|i|1)>/);
  expect(text).toContain("&lt;/pre&gt;&lt;script&gt;alert(1)");
  expect(text).toContain("default-src 'none'");
  expect(text).toContain("A <span");
});
