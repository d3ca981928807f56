/** Where on a run's page one is: kept in the address, so that it can be shared. */
import { query, setQuery } from "../shell/router";

export interface Place {
  tab: string;
  state: string | undefined;
  /** The Map whose iteration is shown. */
  path: string | undefined;
  /** Its index; in Maps in Maps one for each, joined by dots, the outermost first. */
  iteration: string | undefined;
}

export function place(): Place {
  const address = query.value;
  const path = address.get("path") ?? undefined;
  const iteration = address.get("iteration") ?? undefined;
  const inside = path !== undefined && iteration !== undefined;
  return { tab: address.get("tab") ?? "states", state: address.get("state") ?? undefined, path: inside ? path : undefined, iteration: inside ? iteration : undefined };
}

export function selectState(path: string | undefined): void {
  setQuery({ state: path, compare: undefined, bench: undefined, tab: undefined });
}

/** Stands for the state of an iteration in which something went wrong. */
export const WRONG = "error";

/** Goes into an iteration; `state` is shown there, by default the one that is shown now. */
export function enterIteration(path: string, iteration: string | number, state?: string): void {
  const around = place();
  const kept = around.path === path ? around.state : undefined;
  setQuery({ path, iteration: String(iteration), state: state ?? kept, tab: undefined, compare: undefined, bench: undefined });
}

/** Leaves an iteration: to the one around it, or to the run. */
export function leaveIteration(outer: string | undefined): void {
  const { path, iteration } = place();
  const indexes = iteration?.split(".").slice(0, -1) ?? [];
  const around = outer && indexes.length ? { path: outer, iteration: indexes.join(".") } : { path: undefined, iteration: undefined };
  setQuery({ ...around, state: path, compare: undefined, bench: undefined });
}

/** Returns the same iteration with another last index: `2.0` with 5 gives `2.5`. */
export function withLast(iteration: string | undefined, last: number | string): string {
  return [...(iteration?.split(".").slice(0, -1) ?? []), String(last)].join(".");
}
