/** The newest runs of each flow, from as few requests as possible. */
import { api, ask } from "../api/client";
import type { RunRow } from "../runs/table";

export type Recent = Map<string, RunRow[]>;
export const BARS = 20;

/** Returns the newest runs by flow, at most `BARS` of each, newest first. */
export function byFlow(runs: RunRow[]): Recent {
  const found: Recent = new Map();
  for (const run of runs) {
    const known = found.get(run.flow) ?? [];
    if (known.length < BARS) found.set(run.flow, [...known, run]);
  }
  return found;
}

/** One page of runs of all flows: flows that ran seldom may have none of the newest 200, and show none. */
export async function recentRuns(signal: AbortSignal): Promise<Recent> {
  return byFlow((await ask(api.GET("/runs", { params: { query: { limit: 200 } }, signal }))).executions);
}
