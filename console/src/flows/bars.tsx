/** The last runs of a flow as bars: height is duration, colour and shape of the foot are the status. */
import type { RunRow } from "../runs/table";
import { between, relative, statusText } from "../ui/format";
import { heights } from "./heights";
import { BARS } from "./recent";

const WIDTH = 7;
const HEIGHT = 28;

export function RunBars({ runs }: { runs: RunRow[] }) {
  const now = Date.now();
  const oldestFirst = runs.slice(0, BARS).toReversed();
  const sizes = heights(oldestFirst.map((run) => (run.stopDate ? Date.parse(run.stopDate) : now) - Date.parse(run.startDate)), HEIGHT);
  const failed = runs.filter((run) => ["FAILED", "TIMED_OUT", "ABORTED"].includes(run.status)).length;
  const label = runs.length ? `${runs.length} runs, ${failed} of them failed` : "No runs";
  const empty = (BARS - oldestFirst.length) * WIDTH;
  return (
    <svg class="bars" viewBox={`0 0 ${BARS * WIDTH} ${HEIGHT}`} width={BARS * WIDTH} height={HEIGHT} role="img" aria-label={label}>
      {empty > 0 && <path class="bar-none" d={`M0 ${HEIGHT - 1.5}H${empty}`} stroke-dasharray={`${WIDTH - 2} 2`} />}
      {oldestFirst.map((run, index) => {
        const x = empty + index * WIDTH;
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
