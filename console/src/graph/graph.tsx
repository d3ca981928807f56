/** A definition as a picture: states and lines where they were placed by the layout. A large one is folded. */
import { useMemo, useState } from "preact/hooks";
import { number, statusText } from "../ui/format";
import { Icon, PATHS, STATUS_ICONS } from "../ui/icons";
import { allNodes, around, heightsOf, inSight, pictureOf, placeOf, type GraphData, type GraphEdge, type GraphNode, type Picture, type Rectangle } from "./picture";
import { useScroller } from "./scroller";

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
  /** A state to bring into sight if it isn't. */
  reveal?: string | undefined;
  /** A state whose inside is shown where the graph is folded. */
  within?: string | undefined;
  onSelect?: (path: string) => void;
}

/** The width of a letter in the name of a state. */
const LETTER = 7.2;
/** From so many states on, only those in sight are in the document. */
const MANY = 120;

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

export function Graph({ graph, label, statuses, selected, reveal = selected, within, onSelect }: Properties) {
  const [inside, setInside] = useInside(graph, reveal, within);
  const picture = pictureOf(graph, inside);
  const { box, scale, view, zoomed, fits, change, onScroll } = useScroller(picture, reveal);
  const nodes = picture.nodes.length > MANY ? picture.nodes.filter((node) => inSight(node, view)) : picture.nodes;
  const draw = (node: GraphNode) => <Node key={node.path} node={node} status={statuses?.get(node.path)} selected={selected === node.path} onSelect={onSelect} onOpen={setInside} />;
  return (
    <div class="card graph-card">
      {graph.parts && <Way graph={graph} inside={inside} onChange={setInside} />}
      <div
        class="graph-box"
        ref={box}
        onScroll={onScroll}
        onWheel={(event) => {
          if (!event.ctrlKey) return;
          event.preventDefault();
          const frame = event.currentTarget.getBoundingClientRect();
          change(event.deltaY > 0 ? 0.85 : 1.18, { x: event.clientX - frame.left, y: event.clientY - frame.top });
        }}
      >
        <svg
          class={`graph ${statuses ? "with-statuses" : ""}`}
          viewBox={`0 0 ${picture.width} ${picture.height}`}
          width={picture.width * scale}
          height={picture.height * scale}
          role="group"
          aria-label={label}
          onKeyDown={moveFocus}
        >
          <defs>
            <marker id="arrow" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">
              <path d="M0 0.5 8 4 0 7.5Z" class="arrow-head" />
            </marker>
          </defs>
          {nodes.filter((node) => node.container).map(draw)}
          <Lines picture={picture} view={view} />
          {nodes.filter((node) => !node.container).map(draw)}
        </svg>
      </div>
      {(zoomed || !fits) && <Zoom zoomed={zoomed} onChange={change} />}
    </div>
  );
}

/** Inside of which state a folded graph is shown: that of the state to reveal, until another one is opened. */
function useInside(graph: GraphData, reveal: string | undefined, within: string | undefined): [string | undefined, (inside: string | undefined) => void] {
  const wanted = `${reveal} ${within}`;
  const [shown, setShown] = useState<{ wanted: string; inside: string | undefined }>({ wanted: "", inside: undefined });
  const found = (): string | undefined => {
    if (reveal !== undefined) return placeOf(graph, reveal, shown.inside);
    return within === undefined ? shown.inside : around(graph, within).at(-1);
  };
  const inside = !graph.parts ? undefined : shown.wanted === wanted ? shown.inside : found();
  if (graph.parts && shown.wanted !== wanted) setShown({ wanted, inside });
  return [inside, (opened) => setShown({ wanted, inside: opened })];
}

/** The way to what is shown of a folded graph. */
function Way({ graph, inside, onChange }: { graph: GraphData; inside: string | undefined; onChange: (inside: string | undefined) => void }) {
  const names = useMemo(() => new Map(allNodes(graph).map((node) => [node.path, node.name])), [graph]);
  const states = useMemo(() => [...names.keys()].filter((path) => path.startsWith("/")).length, [names]);
  const way = around(graph, inside);
  return (
    <p class="graph-way">
      {way.length ? (
        <button type="button" class="link" onClick={() => onChange(undefined)}>
          Whole flow
        </button>
      ) : (
        <span>
          <strong>Whole flow</strong> <span class="muted">{number(states)} states; those inside others are folded</span>
        </span>
      )}
      {way.map((path, index) => (
        <>
          <Icon name="open" />
          {index === way.length - 1 ? (
            <strong key={path}>{names.get(path)}</strong>
          ) : (
            <button key={path} type="button" class="link" onClick={() => onChange(path)}>
              {names.get(path)}
            </button>
          )}
        </>
      ))}
    </p>
  );
}

function Zoom({ zoomed, onChange }: { zoomed: boolean; onChange: (factor: number | undefined) => void }) {
  return (
    <div class="choice graph-zoom" role="group" aria-label="Size of the graph">
      <button type="button" aria-label="Smaller" title="Smaller (Ctrl and the mouse wheel)" onClick={() => onChange(0.8)}>
        −
      </button>
      <button type="button" disabled={!zoomed} onClick={() => onChange(undefined)}>
        Fit
      </button>
      <button type="button" aria-label="Larger" title="Larger (Ctrl and the mouse wheel)" onClick={() => onChange(1.25)}>
        +
      </button>
    </div>
  );
}

/** Arrow keys move from node to node. */
function moveFocus(event: KeyboardEvent): void {
  const step = { ArrowDown: 1, ArrowRight: 1, ArrowUp: -1, ArrowLeft: -1 }[event.key];
  if (!step) return;
  const nodes = [...(event.currentTarget as SVGSVGElement).querySelectorAll<SVGGElement>("g[tabindex]")];
  const next = nodes[nodes.findIndex((node) => node === document.activeElement) + step];
  if (!next) return;
  event.preventDefault();
  next.focus();
}

function Lines({ picture, view }: { picture: Picture; view: Rectangle }) {
  const heights = useMemo(() => (picture.edges.length > MANY ? picture.edges.map((edge) => heightsOf(edge.line)) : undefined), [picture]);
  const all = useMemo(() => (heights ? undefined : <Drawn edges={picture.edges} />), [picture, heights]);
  if (!heights) return all ?? null;
  return <Drawn edges={picture.edges.filter((_, index) => (heights[index]?.[0] ?? 0) < view.bottom && (heights[index]?.[1] ?? 0) > view.top)} />;
}

function idOf(edge: GraphEdge): string {
  return `${edge.source} ${edge.target} ${edge.dashed}`;
}

function Drawn({ edges }: { edges: GraphEdge[] }) {
  return (
    <g aria-hidden="true">
      {edges.map((edge) => (
        <path key={idOf(edge)} class={`line ${edge.dashed ? "dashed" : ""}`} d={edge.line} marker-end={edge.joins ? undefined : "url(#arrow)"} />
      ))}
      {edges.map((edge) =>
        edge.label ? (
          <text key={idOf(edge)} class="line-label" x={edge.labelX} y={edge.labelY + 4}>
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
  onOpen: (path: string) => void;
}

function Node({ node, status, selected, onSelect, onOpen }: NodeProperties) {
  if (node.kind === "start" || node.kind === "end") {
    return <circle class={`terminal ${node.kind}`} cx={node.x + 9} cy={node.y + 9} r={node.kind === "start" ? 6 : 7} aria-hidden="true" />;
  }
  const visible = status?.note ? `${node.name} ${status.note}` : node.name;
  const name = [visible, node.kind, status && statusText(status.status)].filter(Boolean).join(", ");
  const classes = ["node", `kind-${node.kind}`, node.container && "container", selected && "selected", statusClass(status)];
  const choose = () => onSelect?.(node.path);
  const titleY = node.container ? node.y + 20 : node.y + node.height / 2 + 4.5;
  const shape = (
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
        <text class="note" {...(node.container ? { x: node.x + 44 + node.name.length * LETTER, y: titleY } : { x: node.x + node.width / 2 + 10, y: node.y - 5 })}>
          {status.note}
        </text>
      )}
    </g>
  );
  return node.folded ? (
    <>
      {shape}
      <Opener node={node} onOpen={onOpen} />
    </>
  ) : (
    shape
  );
}

/** Opens the inside of a folded state. */
function Opener({ node, onOpen }: { node: GraphNode; onOpen: (path: string) => void }) {
  const text = number(node.folded ?? 0);
  const width = text.length * 8 + 22;
  const x = node.x + node.width - width - 6;
  const y = node.y + node.height / 2 - 12;
  const open = () => onOpen(node.path);
  return (
    <g
      class="opener"
      role="button"
      tabindex={0}
      aria-label={`Open ${node.name}, ${text} ${node.folded === 1 ? "state" : "states"} inside`}
      onClick={open}
      onKeyDown={(event) => {
        if (event.key !== "Enter" && event.key !== " ") return;
        event.preventDefault();
        open();
      }}
    >
      <rect x={x} y={y} width={width} height={24} rx={6} />
      <svg x={x + 3} y={y + 6} width={12} height={12} viewBox="0 0 16 16">
        <path d={PATHS.open} />
      </svg>
      <text x={x + 17} y={y + 16.5}>
        {text}
      </text>
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
