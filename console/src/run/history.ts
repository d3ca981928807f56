/**
 * Reads the events of a run in one pass: which visit of which state each one belongs to.
 *
 * An event names the one that it follows, and this chain leads to the state, even where branches and iterations mix.
 * Events that name a state (its exit, an iteration's start) lead out to the state of that name.
 */

export interface RawEvent {
  id: number;
  previousEventId: number;
  timestamp: string;
  type: string;
  [details: string]: unknown;
}

/** What became of an iteration; the order is that of importance. */
export enum Outcome {
  Unknown,
  Running,
  Succeeded,
  Retried,
  Caught,
  Aborted,
  Failed,
}

export interface Iteration {
  outcome: Outcome;
  start: number;
  /** 0 while it is running. */
  end: number;
}

/** One visit of a state. Times are milliseconds since 1970; `end` is 0 while it is running. */
export interface Span {
  name: string;
  kind: string;
  status: string;
  start: number;
  end: number;
  attempts: number;
  error: string;
  container: Span | undefined;
  /** The iteration or the branch of the container, or -1. */
  index: number;
  children: Span[];
  iterations: (Iteration | undefined)[];
  /** How many branches of a Parallel have begun. */
  branches: number;
}

/** An event as the table shows it. */
export interface EventRow {
  id: number;
  time: number;
  type: string;
  /** The state that it belongs to, with its iterations: `PriceEach › 88 › Charge`. */
  state: string;
  raw: RawEvent;
}

interface Place {
  span: Span | undefined;
  /** Where a state that follows is: inside of which container, and in which iteration or branch. */
  container: Span | undefined;
  index: number;
}

const TOP: Place = { span: undefined, container: undefined, index: -1 };
const ENDS: Record<string, string> = { ExecutionSucceeded: "SUCCEEDED", ExecutionFailed: "FAILED", ExecutionAborted: "ABORTED", ExecutionTimedOut: "TIMED_OUT" };
const ITERATION_ENDS: Record<string, Outcome> = { MapIterationSucceeded: Outcome.Succeeded, MapIterationFailed: Outcome.Failed, MapIterationAborted: Outcome.Aborted };

export class History {
  readonly rows: EventRow[] = [];
  readonly roots: Span[] = [];
  /** How often each state was entered. */
  readonly visits = new Map<string, number>();
  /** The earliest and the latest time. */
  start = 0;
  end = 0;
  private readonly places = new Map<number, Place>();
  private readonly open = new Set<Span>();
  private failing: Span | undefined;

  /** Adds events, in their order. Those that are known already are left out. */
  add(events: readonly RawEvent[]): void {
    const last = this.rows.at(-1)?.id ?? 0;
    for (const event of events) if (event.id > last) this.one(event);
  }

  private one(event: RawEvent): void {
    const time = Date.parse(event.timestamp);
    this.start ||= time;
    this.end = Math.max(this.end, time);
    const before = this.places.get(event.previousEventId) ?? TOP;
    const place = this.follow(event, time, before);
    this.places.set(event.id, place);
    this.rows.push({ id: event.id, time, type: event.type, state: place === TOP ? "" : nameOf(place), raw: event });
  }

  private follow(event: RawEvent, time: number, before: Place): Place {
    const { type } = event;
    if (type.endsWith("StateEntered")) return this.enter(event, time, before);
    if (type.endsWith("StateExited")) return this.leave(event, time, before);
    if (type.startsWith("MapIteration")) return this.iterate(event, time, before);
    if (type.startsWith("Execution")) return this.execution(event, time, before);
    if (/^(Map|Parallel)(State|Run)/.test(type)) return this.container(type, time, before);
    const { span } = before;
    if (span) this.task(event, type, time, span);
    return before;
  }

  private enter(event: RawEvent, time: number, before: Place): Place {
    const name = textOf(event.stateEnteredEventDetails, "name");
    const kind = event.type.slice(0, -"StateEntered".length);
    const { container } = before;
    const branching = container?.kind === "Parallel" && before.span === container;
    const index = branching ? container.branches++ : before.index;
    const fails = kind === "Fail";
    const span: Span = { name, kind, status: fails ? "FAILED" : "RUNNING", start: time, end: fails ? time : 0, attempts: 1, error: "", container, index, children: [], iterations: [], branches: 0 };
    (container ? container.children : this.roots).push(span);
    this.visits.set(name, (this.visits.get(name) ?? 0) + 1);
    if (!fails) this.open.add(span);
    else this.failing = span;
    return { span, container, index };
  }

  private leave(event: RawEvent, time: number, before: Place): Place {
    const span = climb(before, (item) => item.name === textOf(event.stateExitedEventDetails, "name"));
    if (!span) return before;
    this.close(span, span.error ? "CAUGHT" : "SUCCEEDED", time);
    if (span.error) mark(span, Outcome.Caught);
    else if (span.attempts > 1) mark(span, Outcome.Retried);
    return { span, container: span.container, index: span.index };
  }

  private iterate(event: RawEvent, time: number, before: Place): Place {
    const details = Object.entries(event).find(([key]) => key.startsWith("mapIteration"))?.[1];
    const index = Number((details as { index?: number } | undefined)?.index ?? -1);
    const map = climb(before, (item) => item.kind === "Map" && item.name === textOf(details, "name"));
    if (!map) return before;
    if (event.type === "MapIterationStarted") {
      map.iterations[index] = { outcome: Outcome.Running, start: time, end: 0 };
      return { span: map, container: map, index };
    }
    const iteration = map.iterations[index];
    const outcome = ITERATION_ENDS[event.type] ?? Outcome.Unknown;
    if (iteration) {
      iteration.end = time;
      // What happened inside is more telling than that it was survived.
      if (outcome !== Outcome.Succeeded || iteration.outcome === Outcome.Running) iteration.outcome = outcome;
    }
    return { span: map, container: map.container, index: map.index };
  }

  private container(type: string, time: number, before: Place): Place {
    const kind = type.startsWith("Map") ? "Map" : "Parallel";
    const span = climb(before, (item) => item.kind === kind && this.open.has(item)) ?? before.span;
    if (!span) return before;
    if (type.endsWith("StateStarted") && kind === "Parallel") return { span, container: span, index: -1 };
    if (type.endsWith("Failed")) {
      if (before.span && this.open.has(before.span) && before.span !== span) this.close(before.span, "FAILED", time);
      this.fail(span, "Failed", time);
    }
    if (type.endsWith("StateAborted")) this.close(span, "ABORTED", time);
    return { span, container: span.container, index: span.index };
  }

  private execution(event: RawEvent, time: number, before: Place): Place {
    if (event.type === "ExecutionRedriven") {
      const span = this.failing;
      for (let item = span; item; item = item.container) {
        item.status = "RUNNING";
        item.end = 0;
        item.error = "";
        this.open.add(item);
      }
      return span ? { span, container: span.container, index: span.index } : before;
    }
    const status = ENDS[event.type];
    if (!status) return TOP;
    const guilty = new Set<Span>();
    for (let item = before.span; item; item = item.container) guilty.add(item);
    if (before.span) this.failing = before.span;
    for (const span of [...this.open]) this.close(span, guilty.has(span) ? status : "ABORTED", time);
    return TOP;
  }

  private task(event: RawEvent, type: string, time: number, span: Span): void {
    if (type.endsWith("Scheduled") && span.error) {
      span.attempts += 1;
      span.error = "";
      span.status = "RUNNING";
    } else if (type.endsWith("Failed") || type.endsWith("TimedOut")) {
      const details = Object.entries(event).find(([key]) => key.endsWith("EventDetails"))?.[1];
      this.fail(span, textOf(details, "error") || "Failed", time);
    } else if (type.endsWith("Succeeded")) span.error = "";
    else if (type.endsWith("StateAborted")) this.close(span, "ABORTED", time);
  }

  private fail(span: Span, error: string, time: number): void {
    span.error = error;
    span.status = "FAILED"; // until it is tried again, caught, or the run ends
    span.end = this.open.has(span) ? 0 : time;
  }

  private close(span: Span, status: string, time: number): void {
    span.status = status;
    span.end = time;
    this.open.delete(span);
  }
}

function climb(place: Place, wanted: (span: Span) => boolean): Span | undefined {
  if (place.span && wanted(place.span)) return place.span;
  for (let span = place.container; span; span = span.container) if (wanted(span)) return span;
  return undefined;
}

/** Notes for all iterations around a state that something happened in them. */
function mark(span: Span, outcome: Outcome): void {
  for (let item: Span | undefined = span; item?.container; item = item.container) {
    const iteration = item.container.iterations[item.index];
    if (iteration && iteration.outcome < outcome) iteration.outcome = outcome;
  }
}

/** `PriceEach › 88 › Charge`. */
export function nameOf({ span, container, index }: { span: Span | undefined; container: Span | undefined; index: number }): string {
  const parts: string[] = span && span !== container ? [span.name] : [];
  let around = container;
  let at = index;
  while (around) {
    if (around.kind === "Map" && at >= 0) parts.unshift(String(at));
    parts.unshift(around.name);
    at = around.index;
    around = around.container;
  }
  return parts.join(" › ");
}

function textOf(details: unknown, key: string): string {
  const value = typeof details === "object" && details !== null ? (details as Record<string, unknown>)[key] : undefined;
  return typeof value === "string" ? value : "";
}

/** Returns the first visit of a Map with this name that is not in another iteration than the wanted ones. */
export function findMap(roots: readonly Span[], name: string, indexes: readonly number[]): Span | undefined {
  const search = (spans: readonly Span[], rest: readonly number[]): Span | undefined => {
    for (const span of spans.toReversed()) {
      if (span.kind === "Map" && span.name === name) return span;
      const inside = span.kind === "Map" ? span.children.filter((child) => child.index === rest[0]) : span.children;
      const found = inside.length ? search(inside, span.kind === "Map" ? rest.slice(1) : rest) : undefined;
      if (found) return found;
    }
    return undefined;
  };
  return search(roots, indexes);
}

/** Returns the indexes of the iterations with one of these outcomes. */
export function indexesOf(iterations: readonly (Iteration | undefined)[], ...outcomes: Outcome[]): number[] {
  const found: number[] = [];
  iterations.forEach((iteration, index) => iteration && outcomes.includes(iteration.outcome) && found.push(index));
  return found;
}

/** Returns an event whose texts have at most this many characters; what was cut says so. */
export function shortened(event: RawEvent, longest: number): RawEvent {
  const entry = Object.entries(event).find(([key]) => key.endsWith("EventDetails"));
  if (!entry) return event;
  const [key, details] = entry as [string, Record<string, unknown>];
  const long = Object.entries(details).filter(([, value]) => typeof value === "string" && value.length > longest) as [string, string][];
  if (!long.length) return event;
  const cut = long.map(([name, value]) => [name, `${value.slice(0, longest)} … (${value.length} characters; the state has all of them)`]);
  return { ...event, [key]: { ...details, ...(Object.fromEntries(cut) as Record<string, string>) } };
}
