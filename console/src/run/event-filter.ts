/** Which events are shown, and how one is read. */
import type { EventRow, RawEvent } from "./history";

export type EventKind = "all" | "errors" | "states" | "tasks" | "execution";

export const kinds: { id: EventKind; title: string }[] = [
  { id: "all", title: "All" },
  { id: "errors", title: "Errors" },
  { id: "states", title: "States entered and left" },
  { id: "tasks", title: "Tasks and functions" },
  { id: "execution", title: "The execution" },
];

const PATTERNS: Record<EventKind, RegExp | undefined> = {
  all: undefined,
  errors: /Failed|TimedOut|Aborted|FailStateEntered/,
  states: /State(Entered|Exited)$/,
  tasks: /^(Task|Lambda|Activity)(?!State)/,
  execution: /^Execution/,
};

/** How much of an event's details is searched, in characters. */
const LONGEST = 4000;

/** The texts in which is searched, made when they are first needed. */
const texts = new WeakMap<EventRow, string>();

function textOf(row: EventRow): string {
  let text = texts.get(row);
  if (text === undefined) {
    text = JSON.stringify(detailsOf(row.raw) ?? "").slice(0, LONGEST).toLowerCase();
    texts.set(row, text);
  }
  return text;
}

export function filterEvents(rows: readonly EventRow[], text: string, kind: EventKind): readonly EventRow[] {
  const wanted = text.trim().toLowerCase();
  const pattern = PATTERNS[kind];
  if (!wanted && !pattern) return rows;
  return rows.filter((row) => (!pattern || pattern.test(row.type)) && (!wanted || row.type.toLowerCase().includes(wanted) || row.state.toLowerCase().includes(wanted) || textOf(row).includes(wanted)));
}

/** Returns the details of an event; texts that are JSON as what they contain. */
export function readable(event: RawEvent): unknown {
  const details = detailsOf(event);
  return details === undefined ? {} : unfolded(details);
}

function detailsOf(event: RawEvent): unknown {
  return Object.entries(event).find(([key]) => key.endsWith("EventDetails"))?.[1];
}

function unfolded(value: unknown): unknown {
  if (typeof value === "string" && /^[[{]/.test(value)) {
    try {
      return JSON.parse(value) as unknown;
    } catch {
      return value;
    }
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) return value;
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, unfolded(inner)]));
}
