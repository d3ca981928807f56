/** The last inputs of each flow and function, kept in this browser for each user. */
import { user } from "../auth/session";

const MOST = 5;
const LONGEST = 20_000;

function keyOf(what: string): string {
  return `inputs ${user.value?.id ?? ""} ${what}`;
}

/** Returns the newest inputs first. */
export function remembered(what: string): unknown[] {
  try {
    const found: unknown = JSON.parse(localStorage.getItem(keyOf(what)) ?? "[]");
    return Array.isArray(found) ? found : [];
  } catch {
    return [];
  }
}

/** Puts an input first, once. Long ones are not kept, and none where the browser has no room left. */
export function remember(what: string, input: unknown): void {
  const text = JSON.stringify(input);
  if (text.length > LONGEST) return;
  const others = remembered(what).filter((item) => JSON.stringify(item) !== text);
  try {
    localStorage.setItem(keyOf(what), JSON.stringify([input, ...others].slice(0, MOST)));
  } catch {
    // the start is worth more than its memory
  }
}
