/** Writes numbers, times and durations for people. */

const NUMBER = new Intl.NumberFormat("en");
const RELATIVE = new Intl.RelativeTimeFormat("en", { numeric: "always" });
const ABSOLUTE = new Intl.DateTimeFormat("en-GB", { dateStyle: "medium", timeStyle: "medium" });
const MONTH = new Intl.DateTimeFormat("en", { month: "long", year: "numeric", timeZone: "UTC" });
const COMPACT = new Intl.NumberFormat("en", { notation: "compact", maximumFractionDigits: 1 });
const STEPS: [Intl.RelativeTimeFormatUnit, number][] = [
  ["year", 31_536_000],
  ["month", 2_592_000],
  ["day", 86_400],
  ["hour", 3600],
  ["minute", 60],
];

/** `1234567` gives `1,234,567`. */
export function number(value: number): string {
  return NUMBER.format(value);
}

/** `1234567` gives `1.2M`, for places where there is no room. */
export function compact(value: number): string {
  return value < 10_000 ? number(value) : COMPACT.format(value);
}

/** A date and time in the reader's time zone. */
export function absolute(time: string): string {
  return ABSOLUTE.format(new Date(time));
}

/** A month in words: `2026-11` gives `November 2026`. */
export function month(yearMonth: string): string {
  return MONTH.format(new Date(`${yearMonth}-01T00:00:00Z`));
}

/** How long ago, or in how long: `3 minutes ago`, `in 2 hours`. */
export function relative(time: string, now: number): string {
  const seconds = (new Date(time).getTime() - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return Math.abs(seconds) < 5 ? "just now" : RELATIVE.format(Math.trunc(seconds), "second");
}

/** A duration in milliseconds: `350 ms`, `4.2 s`, `3 m 20 s`, `2 h 5 m`, `3 d 4 h`. */
export function duration(milliseconds: number): string {
  if (milliseconds < 1000) return `${Math.max(0, Math.round(milliseconds))} ms`;
  const seconds = milliseconds / 1000;
  if (seconds < 60) return `${seconds.toFixed(seconds < 10 ? 1 : 0)} s`;
  const whole = Math.round(seconds);
  if (whole < 3600) return two(whole, 60, "m", 1, "s");
  if (whole < 86_400) return two(whole, 3600, "h", 60, "m");
  return two(whole, 86_400, "d", 3600, "h");
}

function two(seconds: number, size: number, unit: string, smallSize: number, smallUnit: string): string {
  const large = Math.floor(seconds / size);
  const small = Math.floor((seconds - large * size) / smallSize);
  return small ? `${large} ${unit} ${small} ${smallUnit}` : `${large} ${unit}`;
}

/** The time between two dates; until now if the second one is missing. */
export function between(start: string, stop: string | null | undefined, now: number): string {
  return duration((stop ? new Date(stop).getTime() : now) - new Date(start).getTime());
}

/** A status in words: `TIMED_OUT` gives `Timed out`. */
export function statusText(status: string): string {
  return status.charAt(0) + status.slice(1).toLowerCase().replaceAll("_", " ");
}
