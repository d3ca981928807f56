/** The newest runs of each flow, from as few requests as possible. */
import { api, ask } from "../api/client";
import { user } from "../auth/session";
import type { RunRow } from "../runs/table";

export const BARS = 20;
const PAGE = 200;
const AT_ONCE = 4;

export interface Recent {
  runs: Map<string, RunRow[]>;
  /** Whether these are all runs; otherwise a flow that runs seldom may have more. */
  complete: boolean;
}

/** Admins see the runs of everybody, and so those of schedules. */
export function whose(): { user?: "all" } {
  return user.value?.isAdmin ? { user: "all" } : {};
}

/** Returns the newest runs by flow, at most `BARS` of each, newest first. */
export function byFlow(runs: RunRow[]): Map<string, RunRow[]> {
  const found = new Map<string, RunRow[]>();
  for (const run of runs) {
    const known = found.get(run.flow) ?? [];
    if (known.length < BARS) found.set(run.flow, [...known, run]);
  }
  return found;
}

/** Returns the newest runs of all flows, from one request. */
export async function recentRuns(signal: AbortSignal): Promise<Recent> {
  const page = await ask(api.GET("/runs", { params: { query: { limit: PAGE, ...whose() } }, signal }));
  return { runs: byFlow(page.executions), complete: page.nextToken === undefined };
}

let working = 0;
const waiting: (() => void)[] = [];

/** Returns the newest runs of one flow; of several requests a few are under way at once. */
export async function runsOf(flow: string, signal: AbortSignal): Promise<RunRow[]> {
  if (working >= AT_ONCE) await new Promise<void>((resolve) => waiting.push(resolve));
  working += 1;
  try {
    if (signal.aborted) return [];
    return (await ask(api.GET("/runs", { params: { query: { flow, limit: BARS, ...whose() } }, signal }))).executions;
  } finally {
    working -= 1;
    waiting.shift()?.();
  }
}
