import { expect, test } from "vitest";
import { beginning } from "../../src/approvals/beginning";
import { statusOf } from "../../src/approvals/statuses";

test("an answer begins with what the form declares, and invents nothing", () => {
  const form = {
    type: "object",
    required: ["limit", "agreed", "colour"],
    properties: {
      limit: { type: "number", minimum: 1 },
      agreed: { type: "boolean" },
      urgent: { type: "boolean" },
      colour: { $ref: "#/$defs/Colour" },
    },
    $defs: { Colour: { enum: ["red", "green"], default: "green" } },
  };
  expect(beginning(form)).toEqual({ agreed: false, colour: "green" });
});

test("the status in an address is one that exists", () => {
  expect(["answered", "expired", "pending", "", "nope", null].map(statusOf)).toEqual(["answered", "expired", "pending", "pending", "pending", "pending"]);
});
