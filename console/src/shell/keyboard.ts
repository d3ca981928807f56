/** Shortcuts: single keys and pairs such as `g f`. They rest while text is entered. */

export interface Shortcut {
  keys: string;
  what: string;
  run: () => void;
}

const PAIR_MILLISECONDS = 1200;
const registered: Shortcut[][] = [];
let pending = "";
let pendingSince = 0;

/** Adds shortcuts, above those that exist already. Returns what removes them. */
export function addShortcuts(shortcuts: Shortcut[]): () => void {
  registered.push(shortcuts);
  return () => registered.splice(registered.indexOf(shortcuts), 1);
}

/** Returns the shortcuts that work now, those of the page first. */
export function activeShortcuts(): Shortcut[] {
  const byKeys = new Map<string, Shortcut>();
  for (const shortcut of registered.toReversed().flat()) {
    if (!byKeys.has(shortcut.keys)) byKeys.set(shortcut.keys, shortcut);
  }
  return [...byKeys.values()];
}

/** Returns whether a key belongs to what is being typed into. */
export function isTyping(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable || target.shadowRoot) return true;
  if (target instanceof HTMLInputElement) return !["checkbox", "radio", "button", "submit"].includes(target.type);
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}

/** Finds what a key means after the keys before it: a shortcut, the beginning of one, or nothing. */
export function match(before: string, key: string, known: Shortcut[]): Shortcut | "begun" | undefined {
  const typed = before ? `${before} ${key}` : key;
  const found = known.find((shortcut) => shortcut.keys === typed);
  if (found) return found;
  return known.some((shortcut) => shortcut.keys.startsWith(`${typed} `)) ? "begun" : undefined;
}

/** Listens to the keyboard from now on. */
export function listen(): void {
  document.addEventListener("keydown", (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target)) return;
    if (document.querySelector("dialog[open]") && event.key !== "?") return;
    const before = Date.now() - pendingSince < PAIR_MILLISECONDS ? pending : "";
    pending = "";
    const known = activeShortcuts();
    const found = match(before, event.key, known) ?? match("", event.key, known);
    if (!found) return;
    event.preventDefault();
    if (found === "begun") {
      pending = event.key;
      pendingSince = Date.now();
    } else found.run();
  });
}
