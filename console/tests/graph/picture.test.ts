import { expect, it } from "vitest";
import { allNodes, around, fitting, heightsOf, inSight, pictureOf, placeOf, shift, type GraphData, type GraphNode } from "../../src/graph/picture";

function node(path: string, more: Partial<GraphNode> = {}): GraphNode {
  return { path, name: path.split("/").at(-1) ?? "", kind: "pass", container: false, x: 0, y: 0, width: 100, height: 30, ...more };
}

const MAP = "/States/Each";
const INNER = `${MAP}/ItemProcessor/States/Inner`;
const graph: GraphData = {
  width: 100,
  height: 100,
  edges: [],
  nodes: [node("/States/A"), node(MAP, { folded: 3 })],
  parts: [
    { path: MAP, width: 50, height: 50, edges: [], nodes: [node(MAP, { container: true }), node(INNER, { folded: 1 })] },
    { path: INNER, width: 40, height: 40, edges: [], nodes: [node(INNER, { container: true }), node(`${INNER}/ItemProcessor/States/One`)] },
  ],
};

it("finds the picture that shows a state", () => {
  expect(placeOf(graph, "/States/A", undefined)).toBeUndefined();
  expect(placeOf(graph, MAP, undefined)).toBeUndefined();
  expect(placeOf(graph, MAP, MAP)).toBe(MAP); // it is around what is shown, so nothing changes
  expect(placeOf(graph, INNER, undefined)).toBe(MAP);
  expect(placeOf(graph, `${INNER}/ItemProcessor/States/One`, undefined)).toBe(INNER);
  expect(placeOf(graph, "/States/A", INNER)).toBeUndefined();
  expect(around(graph, INNER)).toEqual([MAP, INNER]);
  expect(pictureOf(graph, INNER).width).toBe(40);
  expect(pictureOf(graph, undefined).width).toBe(100);
  expect(new Set(allNodes(graph).map((item) => item.path)).size).toBe(4);
});

it("knows what is in sight", () => {
  const view = { left: 0, top: 100, right: 500, bottom: 200 };
  expect(inSight(node("a", { y: 69 }), view)).toBe(false);
  expect(inSight(node("a", { y: 71 }), view)).toBe(true);
  expect(inSight(node("a", { y: 150, x: 501 }), view)).toBe(false);
  expect(heightsOf("M10.0 20.0C10.0 30.5 40.0 30.5 40.0 41.0V900.0")).toEqual([20, 900]);
  expect(heightsOf("M10.0 500.0V508.0Q10.0 516.0 18.0 516.0H70.0Q78.0 516.0 78.0 508.0V40.0Q78.0 32.0 70.0 32.0H20.0")).toEqual([32, 516]);
});

it("fits what can be read, and scrolls to what is asked for", () => {
  expect(fitting(500, 1000)).toBe(1);
  expect(fitting(1000, 700)).toBe(0.7);
  expect(fitting(4000, 700)).toBe(0.85);
  expect(shift(100, 50, 400, 30)).toBe(0);
  expect(shift(600, 50, 400, 30)).toBe(425);
  expect(shift(-200, 900, 400, 30)).toBe(-230);
});
