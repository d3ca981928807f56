/** What of a graph is drawn: the picture that shows a state, and what of it is in sight. */
import type { components } from "../api/schema";

export type GraphData = components["schemas"]["Graph"];
export type Picture = Omit<GraphData, "parts">;
export type GraphNode = Picture["nodes"][number];
export type GraphEdge = Picture["edges"][number];

/** A part of a picture, in its own units. */
export interface Rectangle {
  left: number;
  top: number;
  right: number;
  bottom: number;
}

/** Returns the nodes of all pictures of a graph. */
export function allNodes(graph: GraphData): GraphNode[] {
  return [...graph.nodes, ...(graph.parts ?? []).flatMap((part) => part.nodes)];
}

/** Returns the picture of the inside of a state, or the whole one. */
export function pictureOf(graph: GraphData, inside: string | undefined): Picture {
  return graph.parts?.find((part) => part.path === inside) ?? graph;
}

/** Returns the states around a picture that have pictures of their own, the outermost first. */
export function around(graph: GraphData, path: string | undefined): string[] {
  const paths = (graph.parts ?? []).map((part) => part.path);
  return path === undefined ? [] : paths.filter((part) => path === part || path.startsWith(`${part}/`)).sort((first, second) => first.length - second.length);
}

/**
 * Returns inside of which state a state is shown; undefined for the whole picture.
 *
 * @param shown The inside that is shown now: it stays if it has the state.
 */
export function placeOf(graph: GraphData, path: string, shown: string | undefined): string | undefined {
  if (pictureOf(graph, shown).nodes.some((node) => node.path === path)) return shown;
  return around(graph, path).filter((part) => part !== path).at(-1);
}

/** How far a picture shrinks to fit, and how large one is that doesn't, and is scrolled. */
const SMALLEST = 0.6;
const SCROLLED = 0.85;

/** Returns how large a picture is drawn so that it fits, if it can then be read. */
export function fitting(width: number, frame: number): number {
  const fits = Math.min(1, frame / width);
  return fits < SMALLEST ? SCROLLED : fits;
}

export function inSight(node: GraphNode, view: Rectangle): boolean {
  return node.y < view.bottom && node.y + node.height > view.top && node.x < view.right && node.x + node.width > view.left;
}

const COMMAND = /([MCQVH])([^A-Z]*)/g;

/** Returns from which to which height a line runs. */
export function heightsOf(line: string): [number, number] {
  const heights: number[] = [];
  for (const [, command, text] of line.matchAll(COMMAND)) {
    const numbers = (text ?? "").trim().split(/[\s,]+/).map(Number);
    if (command === "V") heights.push(...numbers);
    else if (command !== "H") heights.push(...numbers.filter((_, index) => index % 2 === 1));
  }
  return [Math.min(...heights), Math.max(...heights)];
}

/** Returns how far to scroll so that something is in the middle, or begins near the edge where it is larger. */
export function shift(start: number, length: number, frame: number, margin: number): number {
  if (start >= margin && start + length <= frame - margin) return 0;
  return length > frame - 2 * margin ? start - margin : start + length / 2 - frame / 2;
}
