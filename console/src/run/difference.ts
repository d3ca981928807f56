/** The difference of two JSON values as a list of places. */
import { diff, type Delta } from "jsondiffpatch";

export interface Change {
  /** Where: `customer.items[2].price`; empty for the whole value. */
  place: string;
  kind: "added" | "removed" | "changed" | "moved";
  before?: unknown;
  after?: unknown;
}

/** Returns what has changed from one value to the other, in the order of the places. */
export function changes(before: unknown, after: unknown): Change[] {
  const found: Change[] = [];
  collect(diff(before, after), "", found);
  return found;
}

function collect(delta: Delta, place: string, found: Change[]): void {
  if (delta === undefined) return;
  if (Array.isArray(delta)) {
    const parts = delta as unknown[];
    if (parts.length === 1) found.push({ place, kind: "added", after: parts[0] });
    else if (parts.length === 2) found.push({ place, kind: "changed", before: parts[0], after: parts[1] });
    else if (parts[2] === 0) found.push({ place, kind: "removed", before: parts[0] });
    else found.push({ place, kind: "moved", after: `to [${String(parts[1])}]` });
    return;
  }
  const isArray = (delta as { _t?: string })._t === "a";
  const keys = Object.keys(delta).filter((key) => !(isArray && key === "_t"));
  if (isArray) keys.sort((first, second) => indexOf(first) - indexOf(second));
  for (const key of keys) {
    const inner = (delta as Record<string, Delta>)[key];
    collect(inner, isArray ? `${place}[${indexOf(key)}]` : joined(place, key), found);
  }
}

function indexOf(key: string): number {
  return Number(key.replace("_", ""));
}

function joined(place: string, key: string): string {
  if (!/^[\w$-]+$/.test(key)) return `${place}[${JSON.stringify(key)}]`;
  return place ? `${place}.${key}` : key;
}
