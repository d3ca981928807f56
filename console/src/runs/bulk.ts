/**
 * Runs many runs again: first a dry run that says which, then the same in small requests with one idempotency key.
 * What has begun is kept in sessionStorage, so that it can be continued after a lost connection or a reload.
 */
import type { components, paths } from "../api/schema";
import { filtersOf } from "./query";

export type Verb = "redrive" | "rerun";
export type Again = components["schemas"]["Again"];
export type AgainRow = Again["runs"][number];
export type Body = NonNullable<paths["/runs/rerun"]["post"]["requestBody"]>["content"]["application/json"];
export type BulkFilter = Omit<Body, "dryRun" | "limit" | "nextToken">;

/** The most runs of one preview, and so of one go. */
export const MOST = 1000;
/** Runs per request: few enough to see it move. */
const PART = { preview: 250, work: 25 };
const KEY = "bulk";

/** A bulk request that was confirmed, and how far it has come. */
export interface Job {
  verb: Verb;
  /** The filters as the address had them: by these an interrupted job is recognized. */
  chosen: string;
  filter: BulkFilter;
  key: string;
  total: number;
  rows: AgainRow[];
  next?: string | undefined;
  finished: boolean;
}

/** Returns the filter of a bulk request. It ends now: runs that start later are in no preview. */
export function bulkFilter(address: URLSearchParams, now: number): BulkFilter {
  const chosen = filtersOf(address);
  const end = new Date(now).toISOString();
  const to = typeof chosen.to === "string" && Date.parse(chosen.to) < now ? chosen.to : end;
  return { ...chosen, to } as BulkFilter;
}

export interface Preview {
  rows: AgainRow[];
  /** Whether it stopped at `MOST`, though more runs match. */
  more: boolean;
}

/** Makes one request. */
export type Send = (verb: Verb, body: Body, key?: string) => Promise<Again>;

/**
 * Finds out what a bulk request would do.
 *
 * @param onCount Is told how many runs have been found so far.
 */
export async function preview(send: Send, verb: Verb, filter: BulkFilter, onCount: (count: number) => void, stopped: () => boolean): Promise<Preview> {
  const rows: AgainRow[] = [];
  let token: string | undefined;
  do {
    const limit = Math.min(PART.preview, MOST - rows.length);
    const part = await send(verb, { ...filter, dryRun: true, limit, ...(token ? { nextToken: token } : {}) });
    rows.push(...part.runs);
    token = part.nextToken;
    onCount(rows.length);
  } while (token && rows.length < MOST && !stopped());
  return { rows, more: token !== undefined };
}

/** Does what a job is about, from where it is, until all is done or `stopped` says so. Each step is kept. */
export async function work(send: Send, job: Job, onStep: (job: Job) => void, stopped: () => boolean): Promise<void> {
  let current = job;
  while (!current.finished && !stopped()) {
    const limit = Math.min(PART.work, current.total - current.rows.length);
    const part = await send(job.verb, { ...job.filter, limit, ...(current.next ? { nextToken: current.next } : {}) }, job.key);
    const rows = [...current.rows, ...part.runs];
    current = { ...current, rows, next: part.nextToken, finished: !part.nextToken || rows.length >= job.total };
    keep(current);
    onStep(current);
  }
}

export function keep(job: Job): void {
  if (job.finished) forget();
  else sessionStorage.setItem(KEY, JSON.stringify(job));
}

export function forget(): void {
  sessionStorage.removeItem(KEY);
}

/** Returns the job with these filters that was begun and has not finished. */
export function interrupted(verb: Verb, chosen: string): Job | undefined {
  try {
    const job = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Job | null;
    return job?.verb === verb && job.chosen === chosen && !job.finished ? job : undefined;
  } catch {
    return undefined;
  }
}

/** Counts by a property, most frequent first. */
export function counted(rows: AgainRow[], of: (row: AgainRow) => string): [string, number][] {
  const counts = new Map<string, number>();
  for (const row of rows) counts.set(of(row), (counts.get(of(row)) ?? 0) + 1);
  return [...counts].sort((one, other) => other[1] - one[1]);
}

/** The first of these counts, and the sum of all others. */
export function firstOf(counts: [string, number][], most: number, others: string): [string, number][] {
  const rest = counts.slice(most).reduce((sum, [, count]) => sum + count, 0);
  return rest > 0 ? [...counts.slice(0, most), [others, rest]] : counts;
}
