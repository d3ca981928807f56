/** The workbench's logic: what is sent to try a state, and how the answer is read. */
import type { components } from "../api/schema";
import type { State } from "./model";

export type Tested = components["schemas"]["TestedState"];
export type StateDefinition = Record<string, unknown>;

export type MockKind = "none" | "result" | "error";

/** What has been entered; the texts are JSON. */
export interface Draft {
  definition: string;
  input: string;
  variables: string;
  mock: MockKind;
  result: string;
  error: string;
  cause: string;
}

const WAITS = /\.(sync|sync:2|waitForTaskToken)$/;

/** Returns why a state can't do its work alone, so that a result has to be given; undefined if it can. */
export function needsMock(definition: unknown): string | undefined {
  const { Type: type, Resource: resource } = (definition ?? {}) as { Type?: unknown; Resource?: unknown };
  if (type === "Map" || type === "Parallel") return `A ${type} state`;
  if (typeof resource !== "string") return undefined;
  if (WAITS.test(resource)) return "A task that waits";
  return resource.includes(":activity:") ? "An activity" : undefined;
}

/** Returns whether a state has work that can be replaced by a given result. */
export function canMock(definition: unknown): boolean {
  return ["Task", "Map", "Parallel"].includes(String((definition as { Type?: unknown } | undefined)?.Type));
}

/** Returns what the workbench begins with: the state as it was in the run. */
export function recorded(state: State, definition: unknown): Draft {
  return {
    definition: pretty(definition),
    input: pretty(state.input ?? {}),
    variables: pretty(state.variables ?? {}),
    mock: needsMock(definition) ? "result" : "none",
    result: pretty(resultLike(state, definition)),
    error: state.error ?? "",
    cause: state.cause ?? "",
  };
}

/** Returns a result that a mock may have: the recorded output, unless the state's result is another kind of value. */
function resultLike(state: State, definition: unknown): unknown {
  const { Type: type, Branches: branches } = (definition ?? {}) as { Type?: unknown; Branches?: unknown };
  if (type !== "Map" && type !== "Parallel") return state.output ?? {};
  const count = type === "Parallel" && Array.isArray(branches) ? branches.length : undefined;
  if (Array.isArray(state.output) && (count === undefined || state.output.length === count)) return state.output;
  return Array.from({ length: count ?? 0 }, () => ({}));
}

export interface Request {
  path: string;
  definition?: StateDefinition;
  input: unknown;
  variables?: Record<string, unknown>;
  mock?: { result: unknown } | { error: string; cause?: string };
}

/** Which field of a draft can't be sent, and why. */
export class DraftProblem extends Error {
  constructor(
    readonly field: keyof Draft,
    message: string,
  ) {
    super(message);
  }
}

/**
 * Returns the body of the request.
 *
 * @throws DraftProblem if a text isn't the JSON that belongs there.
 */
export function requestOf(draft: Draft, path: string): Request {
  const definition = objectIn(draft, "definition", "The definition");
  const variables = objectIn(draft, "variables", "The variables");
  const request: Request = { path, definition, input: valueIn(draft, "input", "The input") };
  if (Object.keys(variables).length) request.variables = variables;
  if (!canMock(definition) || draft.mock === "none") return request;
  if (draft.mock === "result") return { ...request, mock: { result: valueIn(draft, "result", "The mocked result") } };
  if (!draft.error.trim()) throw new DraftProblem("error", "Enter the name of the error.");
  return { ...request, mock: { error: draft.error.trim(), ...(draft.cause ? { cause: draft.cause } : {}) } };
}

function valueIn(draft: Draft, field: keyof Draft, what: string): unknown {
  const text = draft[field].trim();
  try {
    return text ? (JSON.parse(text) as unknown) : {};
  } catch (error) {
    throw new DraftProblem(field, `${what} isn't valid JSON: ${error instanceof Error ? error.message : String(error)}`);
  }
}

function objectIn(draft: Draft, field: keyof Draft, what: string): Record<string, unknown> {
  const value = valueIn(draft, field, what);
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new DraftProblem(field, `${what} must be a JSON object.`);
  return value as Record<string, unknown>;
}

/** The statuses of a tried state in the words that the page has for those of a run. */
export const TESTED_STATUSES: Record<Tested["status"], string> = { SUCCEEDED: "SUCCEEDED", FAILED: "FAILED", RETRIABLE: "RETRYING", CAUGHT_ERROR: "CAUGHT" };

const STEPS: [string, string][] = [
  ["input", "Input"],
  ["afterInputPath", "After InputPath"],
  ["afterParameters", "After Parameters"],
  ["afterArguments", "After Arguments"],
  ["afterItemsPath", "After ItemsPath"],
  ["afterItemsPointer", "After ItemsPointer"],
  ["afterItemSelector", "After ItemSelector"],
  ["afterItemBatcher", "After ItemBatcher"],
  ["result", "Result"],
  ["afterResultSelector", "After ResultSelector"],
  ["afterResultPath", "After ResultPath"],
  ["variables", "Variables assigned"],
];

/** Returns what the data were on their way through the state, in the order of the way; the rest follows. */
export function stepsOf(inspection: Record<string, unknown>): { title: string; value: unknown; same: boolean }[] {
  const known = STEPS.filter(([key]) => key in inspection);
  const others = Object.keys(inspection).filter((key) => !STEPS.some(([name]) => name === key));
  let before: string | undefined;
  return [...known, ...others.map((key): [string, string] => [key, key])].map(([key, title]) => {
    const text = JSON.stringify(inspection[key]);
    const same = text === before;
    before = text;
    return { title, value: inspection[key], same };
  });
}

function pretty(value: unknown): string {
  return JSON.stringify(value, null, 2) ?? "";
}
