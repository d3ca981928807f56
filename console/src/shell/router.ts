/** The address below `/console/` as a signal, and links that change it without loading the page again. */
import { computed, signal } from "@preact/signals";
import { baseOf } from "./addresses";

/** The console's own path, with a slash at its end: `/console/`, or `/api/console/` behind a stage. */
export const BASE = baseOf(import.meta.url, location.pathname);

function current(): string {
  return location.pathname.slice(BASE.length - 1) + location.search;
}

const address = signal(current());

/** The parts of the path: `/runs/orderFlow/1` gives `["runs", "orderFlow", "1"]`. */
export const segments = computed(() =>
  (address.value.split("?")[0] ?? "").split("/").filter(Boolean).map(decodeURIComponent),
);

/** The query of the address. */
export const query = computed(() => new URLSearchParams(address.value.split("?")[1] ?? ""));

addEventListener("popstate", () => (address.value = current()));

/** Returns the address of a page, encoded: `pageAt("flows", name)`. */
export function pageAt(...parts: string[]): string {
  return BASE + parts.map(encodeURIComponent).join("/");
}

/** Opens a page of the console; `replace` leaves no entry in the history. */
export function navigate(to: string, replace = false): void {
  if (replace) history.replaceState(null, "", to);
  else {
    history.pushState(null, "", to);
    scrollTo(0, 0);
  }
  address.value = current();
}

/** Changes parameters of the address; `undefined` and empty ones are removed. */
export function setQuery(changes: Record<string, string | undefined>): void {
  const changed = new URLSearchParams(query.value);
  for (const [name, value] of Object.entries(changes)) {
    if (value) changed.set(name, value);
    else changed.delete(name);
  }
  const text = changed.toString();
  navigate(location.pathname + (text ? `?${text}` : ""), true);
}

/** The link of a row is followed wherever the row is clicked, unless text in it is being selected. */
function linkOfRow(target: Element): HTMLAnchorElement | null {
  if (target.closest("button, input, select, label") || getSelection()?.toString()) return null;
  return target.closest("tr")?.querySelector<HTMLAnchorElement>("a[data-row]") ?? null;
}

/** Follows links within the console without loading a page. */
export function followLinks(): void {
  document.addEventListener("click", (event) => {
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey) return;
    if (!(event.target instanceof Element)) return;
    const link = event.target.closest("a") ?? linkOfRow(event.target);
    if (!link || link.target || link.hasAttribute("download") || link.origin !== location.origin) return;
    if (!link.pathname.startsWith(BASE)) return;
    event.preventDefault();
    navigate(link.pathname + link.search);
  });
}
