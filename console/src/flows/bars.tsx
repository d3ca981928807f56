/** The last runs of a flow as bars: height is duration, colour and shape of the foot are the status. */
import type { RunRow } from "../runs/table";
import { between, relative, statusText } from "../ui/format";
import { BARS } from "./recent";

const WIDTH = 7;
const HEIGHT = 28;

/** Returns the height of each bar: the square root of its part of the longest, so that short ones are seen. */
export function heights(durations: number[]): number[] {
  const longest = Math.max(...durations, 1);
  return durations.map((value) => Math.max(5, Math.round(HEIGHT * Math.sqrt(Math.max(0, value) / longest))));
}

export function RunBars({ runs }: { runs: RunRow[] }) {
  const now = Date.now();
  const oldestFirst = runs.toReversed();
  const sizes = heights(oldestFirst.map((run) => (run.stopDate ? Date.parse(run.stopDate) : now) - Date.parse(run.startDate)));
  const failed = runs.filter((run) => ["FAILED", "TIMED_OUT", "ABORTED"].includes(run.status)).length;
  const label = runs.length ? `${runs.length} runs, ${failed} of them failed` : "No runs";
  return (
    <svg class="bars" viewBox={`0 0 ${BARS * WIDTH} ${HEIGHT}`} width={BARS * WIDTH} height={HEIGHT} role="img" aria-label={label}>
      {Array.from({ length: BARS - oldestFirst.length }, (_, index) => (
        <rect key={index} class="bar none" x={index * WIDTH} y={HEIGHT - 3} width={WIDTH - 2} height={3} rx={1} />
      ))}
      {oldestFirst.map((run, index) => {
        const x = (BARS - oldestFirst.length + index) * WIDTH;
        const height = sizes[index] ?? 5;
        return (
          <g key={run.executionId}>
            <title>{`${statusText(run.status)}, ${relative(run.startDate, now)}, ${between(run.startDate, run.stopDate, now)}`}</title>
            <rect class={`bar ${run.status.toLowerCase()}`} x={x} y={HEIGHT - height} width={WIDTH - 2} height={height} rx={1.5} />
            {run.status !== "SUCCEEDED" && run.status !== "RUNNING" && <rect class="bar-gap" x={x} y={HEIGHT - 4} width={WIDTH - 2} height={1.5} />}
          </g>
        );
      })}
    </svg>
  );
}
