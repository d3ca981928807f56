/** What the API says about the states of a run, put in the order and the words in which the page shows it. */
import type { components } from "../api/schema";
import type { NodeStatus } from "../graph/graph";
import { allNodes, type GraphData } from "../graph/picture";
import { number } from "../ui/format";

export type Run = components["schemas"]["Run"];
export type State = components["schemas"]["States"]["states"][number];
export type Iterations = NonNullable<State["iterations"]>;

const BAD = new Set(["FAILED", "TIMED_OUT", "CAUGHT"]);
const PROCESSOR = /\/(?:ItemProcessor|Iterator)\/States\//;

/** Returns what identifies a state in the answers: its path, or its name where a definition has changed. */
export function keyOf(state: State): string {
  return state.path ?? state.name;
}

/** Returns the known states with those of a newer answer, in the order in which they were entered. */
export function merged(known: readonly State[], newer: readonly State[]): State[] {
  const byKey = new Map(known.map((state) => [keyOf(state), state]));
  for (const state of newer) byKey.set(keyOf(state), state);
  return [...byKey.values()].sort((first, second) => first.entered.localeCompare(second.entered));
}

/** Returns whether something went wrong in a state, even if the run continued. */
export function wentWrong(state: State): boolean {
  return BAD.has(state.status) || (state.iterations?.failed ?? 0) > 0;
}

/** Returns the next or the previous state that something went wrong in, starting over at the end. */
export function nextWrong(states: readonly State[], current: string | undefined, step: 1 | -1): State | undefined {
  const at = states.findIndex((state) => keyOf(state) === current);
  for (let count = 1; count <= states.length; count++) {
    const from = at < 0 && step < 0 ? 0 : at;
    const state = states[(from + step * count + states.length * 2) % states.length];
    if (state && wentWrong(state)) return state;
  }
  return undefined;
}

/** Returns the number after (`1`) or before (`-1`) the current one in a sorted list, starting over at its end. */
export function nextOf(sorted: readonly number[], current: number | undefined, step: 1 | -1): number | undefined {
  if (current === undefined) return step > 0 ? sorted[0] : sorted.at(-1);
  const found = step > 0 ? sorted.find((item) => item > current) : sorted.findLast((item) => item < current);
  return found ?? (step > 0 ? sorted[0] : sorted.at(-1));
}

/** Returns a few words beside a state: its attempt, or how its iterations ended. */
export function noteOf(state: State): string | undefined {
  const loop = state.iterations;
  if (loop?.failed) return `${number(loop.failed)} of ${number(loop.total)} failed`;
  if (loop) return `${number(loop.succeeded)} of ${number(loop.total)}`;
  if (state.attempts > 1) return `attempt ${state.attempts}`;
  return state.visits > 1 ? `${number(state.visits)} visits` : undefined;
}

/** Returns the path of the innermost Map around a state, if there is one. */
export function mapAround(path: string): string | undefined {
  const end = path.search(PROCESSOR);
  if (end < 0) return undefined;
  const inner = path.slice(end).replace(PROCESSOR, "");
  const deeper = mapAround(`/States/${inner}`);
  const upTo = path.length - inner.length;
  return deeper ? path.slice(0, upTo) + deeper.slice("/States/".length) : path.slice(0, end);
}

/**
 * Returns the status of each node of a graph.
 *
 * @param around The states of the run.
 * @param inside Those of the iteration that is shown, if one is.
 * @param counted What is known of the states in loops: how often each was entered, by its name.
 * @param entered The Map whose iteration is shown.
 */
export function nodeStatuses(graph: GraphData, around: readonly State[], inside: readonly State[], counted?: ReadonlyMap<string, number>, entered?: string): Map<string, NodeStatus> {
  const found = new Map<string, NodeStatus>();
  const byPath = new Map([...around, ...inside].map((state) => [state.path, state]));
  for (const node of allNodes(graph)) {
    const state = byPath.get(node.path);
    if (state) {
      const note = noteOf(state);
      found.set(node.path, { status: state.status, ...(note ? { note } : {}) });
      continue;
    }
    const isInside = entered !== undefined && node.path.startsWith(`${entered}/`);
    const map = isInside ? undefined : mapAround(node.path);
    const times = isInside ? undefined : counted?.get(node.name);
    if (times) found.set(node.path, { status: "ITERATED", note: `${number(times)} ×` });
    else if (map && !counted && byPath.get(map)?.iterations?.total) found.set(node.path, { status: "ITERATED" });
    else found.set(node.path, { status: "NOT_REACHED" });
  }
  return found;
}
