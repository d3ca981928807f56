/** Draws calls by month, with uPlot. */
import uPlot from "uplot";
import { compact } from "../ui/format";
import { everyNth, type Month } from "./months";
import "uplot/dist/uPlot.min.css";

const HEIGHT = 300;
const PADDING = 16;
/** How much room the name of a month needs. */
const LABEL_WIDTH = 72;

function colour(name: string): string {
  return getComputedStyle(document.documentElement).getPropertyValue(name).trim();
}

function widthIn(host: HTMLElement): number {
  return Math.max(200, host.clientWidth - 2 * PADDING);
}

/** Draws into an element, as wide as it is. Returns what removes the chart. */
export function draw(host: HTMLElement, months: Month[]): () => void {
  const labels = months.map((month) => month.yearMonth);
  const bars = uPlot.paths.bars?.({ size: [0.6, 64], radius: 0.15 });
  const axis = { stroke: () => colour("--muted"), grid: { stroke: () => colour("--border"), width: 1 }, ticks: { show: false } };
  const chart = new uPlot(
    {
      width: widthIn(host),
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { x: { time: false, range: [-0.6, months.length - 0.4] }, y: { range: (_, __, most) => [0, Math.max(1, most * 1.1)] } },
      axes: [
        { ...axis, grid: { show: false }, splits: (self) => everyNth(labels.length, self.width / LABEL_WIDTH), values: (_, splits) => splits.map((index) => labels[index] ?? "") },
        { ...axis, size: 64, values: (_, splits) => splits.map((value) => (Number.isInteger(value) ? compact(value) : "")) },
      ],
      series: [{}, { fill: () => colour("--accent-bg"), stroke: () => colour("--accent-bg"), points: { show: false }, ...(bars ? { paths: bars } : {}) }],
    },
    [labels.map((_, index) => index), months.map((month) => month.apiCalls)],
    host,
  );
  const resize = new ResizeObserver(() => chart.setSize({ width: widthIn(host), height: HEIGHT }));
  resize.observe(host);
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const redraw = () => chart.redraw();
  dark.addEventListener("change", redraw);
  const theme = new MutationObserver(redraw);
  theme.observe(document.documentElement, { attributeFilter: ["data-theme"] });
  return () => {
    resize.disconnect();
    theme.disconnect();
    dark.removeEventListener("change", redraw);
    chart.destroy();
  };
}
