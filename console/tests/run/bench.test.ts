import { describe, expect, it } from "vitest";
import { canMock, DraftProblem, needsMock, recorded, requestOf, stepsOf } from "../../src/run/bench";
import { state } from "./states";

const PASS = { Type: "Pass", End: true };
const TASK = { Type: "Task", Resource: "arn:aws:states:::lambda:invoke", End: true };

describe("what is tried", () => {
  it("is the state as it was in the run", () => {
    const draft = recorded(state("A", { input: { n: 1 }, variables: { total: 2 } }), PASS);
    expect(requestOf(draft, "/States/A")).toEqual({ path: "/States/A", definition: PASS, input: { n: 1 }, variables: { total: 2 } });
  });

  it("has a mock where one was chosen and the state has work", () => {
    const draft = { ...recorded(state("A", { input: {}, output: { sum: 3 } }), TASK), mock: "result" as const };
    expect(requestOf(draft, "/States/A").mock).toEqual({ result: { sum: 3 } });
    expect(requestOf({ ...draft, mock: "error", error: " Odd ", cause: "" }, "/States/A").mock).toEqual({ error: "Odd" });
    expect(requestOf({ ...draft, mock: "error", error: "Odd", cause: "why" }, "/States/A").mock).toEqual({ error: "Odd", cause: "why" });
    expect(requestOf({ ...draft, definition: JSON.stringify(PASS) }, "/States/A").mock).toBeUndefined();
    expect(canMock(PASS)).toBe(false);
  });

  it("needs a mock where AWS can't run the state alone", () => {
    expect(needsMock(TASK)).toBeUndefined();
    expect(needsMock({ ...TASK, Resource: "arn:aws:states:::sqs:sendMessage.waitForTaskToken" })).toBe("A task that waits");
    expect(needsMock({ ...TASK, Resource: "arn:aws:states:::states:startExecution.sync:2" })).toBe("A task that waits");
    expect(needsMock({ ...TASK, Resource: "arn:aws:states:eu-west-1:1:activity:x" })).toBe("An activity");
    expect(recorded(state("A"), { Type: "Map" })).toMatchObject({ mock: "result", result: "[]" });
    const parallel = { Type: "Parallel", Branches: [{}, {}] };
    expect(recorded(state("A", { output: [1, 2] }), parallel).result).toBe(JSON.stringify([1, 2], null, 2));
    expect(JSON.parse(recorded(state("A", { output: { merged: true } }), parallel).result)).toEqual([{}, {}]);
  });

  it("says which field is wrong", () => {
    const draft = recorded(state("A"), TASK);
    const wrong = (part: Partial<typeof draft>): unknown => {
      try {
        return requestOf({ ...draft, ...part }, "/States/A");
      } catch (error) {
        return error instanceof DraftProblem ? error.field : error;
      }
    };
    expect(wrong({ definition: "{" })).toBe("definition");
    expect(wrong({ definition: "[]" })).toBe("definition");
    expect(wrong({ input: "nope" })).toBe("input");
    expect(wrong({ variables: "3" })).toBe("variables");
    expect(wrong({ mock: "result", result: "{" })).toBe("result");
    expect(wrong({ mock: "error", error: " " })).toBe("error");
    expect(wrong({ input: " " })).toMatchObject({ input: {} });
  });
});

it("shows the data in the order of their way, and what changed nothing", () => {
  const steps = stepsOf({ variables: { a: 1 }, result: 2, maxConcurrency: 5, afterInputPath: { n: 1 }, input: { n: 1 } });
  expect(steps.map((step) => step.title)).toEqual(["Input", "After InputPath", "Result", "Variables assigned", "maxConcurrency"]);
  expect(steps.map((step) => step.same)).toEqual([false, true, false, false, false]);
});
