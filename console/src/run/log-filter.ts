/** Which lines of a log are shown. */
import type { components } from "../api/schema";

export type Line = components["schemas"]["LogLines"]["lines"][number];

export const LEVELS = ["DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL"];

export interface LogFilter {
  text: string;
  /** The lowest level that is shown; empty for all lines, also those without a level. */
  level: string;
  state: string;
}

/** Returns the lines that fit a filter. */
export function filtered(lines: readonly Line[], { text, level, state }: LogFilter): Line[] {
  const wanted = text.trim().toLowerCase();
  const least = LEVELS.indexOf(level);
  return lines.filter(
    (line) =>
      (!state || line.state === state) &&
      (least < 0 || LEVELS.indexOf(levelOf(line)) >= least) &&
      (!wanted || `${line.message} ${line.state ?? ""} ${line.function} ${line.iteration ?? ""}`.toLowerCase().includes(wanted)),
  );
}

/** Returns the level in the words of Python's logging. */
export function levelOf(line: Line): string {
  const level = line.level.toUpperCase();
  return { WARN: "WARNING", FATAL: "CRITICAL", TRACE: "DEBUG" }[level] ?? level;
}
