/** The last inputs of each flow and function, kept in this browser. */

const MOST = 5;
const LONGEST = 20_000;

/** Returns the newest inputs first. */
export function remembered(what: string): unknown[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(`inputs ${what}`) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** Puts an input first, once. Long ones are not kept. */
export function remember(what: string, input: unknown): void {
  const text = JSON.stringify(input);
  if (text.length > LONGEST) return;
  const others = remembered(what).filter((item) => JSON.stringify(item) !== text);
  localStorage.setItem(`inputs ${what}`, JSON.stringify([input, ...others].slice(0, MOST)));
}
