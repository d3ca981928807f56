/** The rows of the timeline: visits of states and iterations, with what is inside of those that are open. */
import { Outcome, type Iteration, type Span } from "./history";

export interface TimelineRow {
  /** Tells the row apart from others. */
  key: string;
  name: string;
  depth: number;
  status: string;
  start: number;
  /** 0 while it is running. */
  end: number;
  kind: string;
  attempts: number;
  error: string;
  /** Whether it can be opened, and whether it is. */
  folder: "open" | "closed" | undefined;
  /** The visit; the one of the Map for an iteration. */
  span: Span;
  iteration: number | undefined;
}

/** Larger loops are closed at first. */
const MOST_OPEN = 25;

const STATUSES: Record<Outcome, string> = {
  [Outcome.Unknown]: "NOT_REACHED",
  [Outcome.Running]: "RUNNING",
  [Outcome.Succeeded]: "SUCCEEDED",
  [Outcome.Retried]: "SUCCEEDED",
  [Outcome.Caught]: "CAUGHT",
  [Outcome.Aborted]: "ABORTED",
  [Outcome.Failed]: "FAILED",
};

/**
 * @param toggled The keys of the rows that were opened or closed against what they are at first.
 * @param onlyWrong Leaves out iterations that succeeded.
 */
export function timelineRows(roots: readonly Span[], toggled: ReadonlySet<string>, onlyWrong = false): TimelineRow[] {
  const rows: TimelineRow[] = [];
  const add = (row: Omit<TimelineRow, "folder">, isFolder: boolean, openFirst: boolean): boolean => {
    const open = isFolder && openFirst !== toggled.has(row.key);
    rows.push({ ...row, folder: isFolder ? (open ? "open" : "closed") : undefined });
    return open;
  };
  const visit = (spans: readonly Span[], depth: number, key: string) => {
    spans.forEach((span, at) => {
      const { name, status, start, end, kind, attempts, error } = span;
      const own = `${key}/${at}`;
      const row = { key: own, name, depth, status, start, end, kind, attempts, error, span, iteration: undefined };
      const few = Math.max(span.children.length, span.iterations.length) <= MOST_OPEN;
      if (!add(row, span.children.length > 0, few)) return;
      if (span.iterations.length) loop(span, depth + 1, own);
      else visit(span.children, depth + 1, own);
    });
  };
  const loop = (map: Span, depth: number, key: string) => {
    const inside = new Map<number, Span[]>();
    for (const child of map.children) {
      const known = inside.get(child.index);
      if (known) known.push(child);
      else inside.set(child.index, [child]);
    }
    map.iterations.forEach((iteration: Iteration | undefined, index) => {
      if (!iteration || (onlyWrong && iteration.outcome < Outcome.Caught)) return;
      const own = `${key}/i${index}`;
      const children = inside.get(index) ?? [];
      const row = { key: own, name: String(index), depth, status: STATUSES[iteration.outcome], start: iteration.start, end: iteration.end, kind: "Iteration", attempts: 1, error: "", span: map, iteration: index };
      if (add(row, children.length > 0, false)) visit(children, depth + 1, own);
    });
  };
  visit(roots, 0, "");
  return rows;
}

export interface Window {
  from: number;
  to: number;
}

/** Returns a window that shows `factor` as much time, around a point of it (0 to 1), within the whole. */
export function zoomed(view: Window, whole: Window, factor: number, point = 0.5): Window {
  const least = 1;
  const length = Math.min(whole.to - whole.from, Math.max(least, (view.to - view.from) * factor));
  const centre = view.from + (view.to - view.from) * point;
  return within({ from: centre - length * point, to: centre + length * (1 - point) }, whole);
}

/** Returns a window moved by a part of its length, within the whole. */
export function moved(view: Window, whole: Window, part: number): Window {
  const step = (view.to - view.from) * part;
  return within({ from: view.from + step, to: view.to + step }, whole);
}

function within(view: Window, whole: Window): Window {
  const length = view.to - view.from;
  const from = Math.max(whole.from, Math.min(view.from, whole.to - length));
  return { from, to: from + length };
}

const STEPS = [1, 2, 5];

/** Returns round times for an axis, as milliseconds after the start: at most `most` of them. */
export function ticks(from: number, to: number, most: number): number[] {
  const length = Math.max(1, to - from);
  let step = 1;
  for (let power = 0; length / step > most; power++) {
    const seconds = [1000, 2000, 5000, 10_000, 15_000, 30_000, 60_000, 120_000, 300_000, 600_000, 900_000, 1_800_000, 3_600_000, 7_200_000, 21_600_000, 43_200_000, 86_400_000];
    const small = 10 ** Math.floor(power / 3) * (STEPS[power % 3] ?? 1);
    step = small < 1000 ? small : (seconds.find((item) => length / item <= most) ?? 86_400_000 * Math.ceil(length / 86_400_000 / most));
  }
  const found: number[] = [];
  for (let at = Math.ceil(from / step) * step; at <= to; at += step) found.push(at);
  return found;
}
