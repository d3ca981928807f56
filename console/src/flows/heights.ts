const LEAST = 5;

/** Returns the height of each bar: the square root of its part of the longest, so that short ones are seen. */
export function heights(durations: number[], highest: number): number[] {
  const longest = Math.max(...durations, 1);
  return durations.map((value) => Math.max(LEAST, Math.round(highest * Math.sqrt(Math.max(0, value) / longest))));
}
