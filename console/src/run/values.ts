/** Values in few characters. */

const LONGEST = 600;

/** Returns a value as JSON in one line, cut where it is long. */
export function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? "";
  return text.length > LONGEST ? `${text.slice(0, LONGEST)} …` : text;
}
