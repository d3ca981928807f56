import { absolute } from "../ui/format";
import { place } from "./address";
import { levelOf, type Line } from "./log-filter";

const CLOCK = new Intl.DateTimeFormat("en-GB", { hour: "2-digit", minute: "2-digit", second: "2-digit", fractionalSecondDigits: 3 });

export function clock(time: number | string): string {
  return CLOCK.format(typeof time === "string" ? new Date(time) : time);
}

/** One line of a log. */
export function LogLine({ line, withState }: { line: Line; withState: boolean }) {
  const level = levelOf(line);
  return (
    <div class={`log-line level-${level.toLowerCase() || "none"}`}>
      <time dateTime={line.time} title={absolute(line.time)}>
        {clock(line.time)}
      </time>
      <span class="level">{level || "PRINT"}</span>
      {withState && (
        <span class="log-state" title={line.function}>
          {line.state ?? line.function}
          {line.iteration !== undefined && ` › ${line.iteration}`}
          {(line.attempt ?? 1) > 1 && ` (attempt ${line.attempt})`}
        </span>
      )}
      <span class="log-message">{line.message}</span>
    </div>
  );
}

/** Returns whether a line belongs to a state, in the iteration that is shown. */
export function belongs(line: Line, name: string): boolean {
  const { iteration } = place();
  return line.state === name && (iteration === undefined || String(line.iteration) === iteration);
}
