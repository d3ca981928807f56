/** The filters of the list of runs, as the address and the API name them. */
import type { paths } from "../api/schema";

export type RunsQuery = NonNullable<paths["/runs"]["get"]["parameters"]["query"]>;

export const STATUSES = ["RUNNING", "SUCCEEDED", "FAILED", "TIMED_OUT", "ABORTED"] as const;
export const PAGE_SIZE = 50;

export const FILTERS = ["flow", "status", "startedBy", "from", "to", "error", "label", "parent", "user"] as const;
export type Filter = (typeof FILTERS)[number];

/** Returns the filters that an address sets. Times without a zone are the reader's. */
export function filtersOf(address: URLSearchParams): Record<string, string | string[]> {
  const found: Record<string, string | string[]> = {};
  for (const name of FILTERS) {
    const values = address.getAll(name).filter(Boolean);
    if (!values.length) continue;
    if (name === "label") found[name] = values;
    else found[name] = name === "from" || name === "to" ? isoTime(values[0] ?? "") : (values[0] ?? "");
  }
  return found;
}

/** Returns the query of the API for an address. */
export function apiQuery(address: URLSearchParams): RunsQuery {
  return { limit: PAGE_SIZE, ...filtersOf(address) } as RunsQuery;
}

function isoTime(text: string): string {
  const time = new Date(text);
  return Number.isNaN(time.getTime()) ? text : time.toISOString();
}

/** Returns whether any filter is set. */
export function isFiltered(address: URLSearchParams): boolean {
  return FILTERS.some((name) => address.get(name));
}
