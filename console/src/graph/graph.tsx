/** A definition as a picture: states and lines where the compiler has placed them. */
import { useMemo, useRef } from "preact/hooks";
import type { components } from "../api/schema";
import { statusText } from "../ui/format";
import { PATHS, STATUS_ICONS } from "../ui/icons";

export type GraphData = components["schemas"]["Graph"];
export type GraphNode = GraphData["nodes"][number];

/** What has become of a state in a run. */
export interface NodeStatus {
  status: string;
  /** A few letters beside the name, such as the attempt. */
  note?: string;
}

interface Properties {
  graph: GraphData;
  label: string;
  /** By the path of the state; without it, the picture shows kinds of states only. */
  statuses?: ReadonlyMap<string, NodeStatus>;
  selected?: string | undefined;
  onSelect?: (path: string) => void;
}

/** How far a picture shrinks to fit; beyond, it scrolls. */
const SMALLEST = 0.6;

const KIND_ICONS: Record<string, string> = {
  task: "M4.5 2.5h7v11h-7zM7 5.5h2M7 8h2",
  choice: "M8 2l6 6-6 6-6-6z",
  wait: "M8 4.5V8l2.4 1.6M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
  parallel: "M4 3v10M8 3v10M12 3v10",
  map: "M3 4h10M3 8h10M3 12h10",
  pass: "M3 8h9M9 5l3 3-3 3",
  succeed: "M3.5 8.5l3 3 6-7",
  fail: "M4 4l8 8M12 4l-8 8",
};

export function Graph({ graph, label, statuses, selected, onSelect }: Properties) {
  const box = useRef<SVGSVGElement>(null);
  const lines = useMemo(() => <Lines graph={graph} />, [graph]);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    const nodes = [...(box.current?.querySelectorAll<SVGGElement>("g[tabindex]") ?? [])];
    const next = nodes[nodes.findIndex((node) => node === document.activeElement) + step];
    if (next) {
      event.preventDefault();
      next.focus();
    }
  };
  return (
    <div class="graph-box">
      <svg
        ref={box}
        class={`graph ${statuses ? "with-statuses" : ""}`}
        viewBox={`0 0 ${graph.width} ${graph.height}`}
        width={graph.width}
        height={graph.height}
        style={{ minWidth: `${graph.width * SMALLEST}px` }}
        role="group"
        aria-label={label}
        onKeyDown={move}
      >
        <defs>
          <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
            <path d="M0 0.5 8 4 0 7.5Z" class="arrow-head" />
          </marker>
        </defs>
        {graph.nodes.filter((node) => node.container).map((node) => (
          <Node key={node.path} node={node} status={statuses?.get(node.path)} selected={selected === node.path} onSelect={onSelect} />
        ))}
        {lines}
        {graph.nodes.filter((node) => !node.container).map((node) => (
          <Node key={node.path} node={node} status={statuses?.get(node.path)} selected={selected === node.path} onSelect={onSelect} />
        ))}
      </svg>
    </div>
  );
}

function Lines({ graph }: { graph: GraphData }) {
  return (
    <g aria-hidden="true">
      {graph.edges.map((edge, index) => (
        <path key={index} class={`line ${edge.dashed ? "dashed" : ""}`} d={edge.line} marker-end={edge.joins ? undefined : "url(#arrow)"} />
      ))}
      {graph.edges.map((edge, index) =>
        edge.label ? (
          <text key={index} class="line-label" x={edge.labelX} y={edge.labelY + 4}>
            {edge.label}
          </text>
        ) : null,
      )}
    </g>
  );
}

interface NodeProperties {
  node: GraphNode;
  status: NodeStatus | undefined;
  selected: boolean;
  onSelect: ((path: string) => void) | undefined;
}

function Node({ node, status, selected, onSelect }: NodeProperties) {
  if (node.kind === "start" || node.kind === "end") {
    return <circle class={`terminal ${node.kind}`} cx={node.x + 9} cy={node.y + 9} r={node.kind === "start" ? 6 : 7} aria-hidden="true" />;
  }
  const visible = status?.note ? `${node.name} ${status.note}` : node.name;
  const name = [visible, node.kind, status && statusText(status.status)].filter(Boolean).join(", ");
  const classes = ["node", `kind-${node.kind}`, node.container && "container", selected && "selected", statusClass(status)];
  const choose = () => onSelect?.(node.path);
  const titleY = node.container ? node.y + 20 : node.y + node.height / 2 + 4.5;
  return (
    <g
      class={classes.filter(Boolean).join(" ")}
      {...(onSelect ? { role: "button", tabindex: 0, "aria-pressed": selected } : { role: "img" })}
      aria-label={name}
      data-path={node.path}
      onClick={choose}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        choose();
      }}
    >
      <rect x={node.x} y={node.y} width={node.width} height={node.height} rx={9} />
      <svg class="icon" x={node.x + 10} y={titleY - 13} width={16} height={16} viewBox="0 0 16 16">
        <path d={iconOf(node, status)} />
      </svg>
      <text x={node.x + 32} y={titleY}>
        {node.name}
      </text>{" "}
      {status?.note && (
        <text class="note" x={node.x + node.width / 2 + 10} y={node.y - 5}>
          {status.note}
        </text>
      )}
    </g>
  );
}

function statusClass(status: NodeStatus | undefined): string {
  return status ? `is-${status.status.toLowerCase()}` : "no-status";
}

function iconOf(node: GraphNode, status: NodeStatus | undefined): string {
  if (status) return PATHS[STATUS_ICONS[status.status] ?? "pending"] ?? "";
  return KIND_ICONS[node.kind] ?? "";
}
