/** `j` and `k`: moves the focus through the rows of the page's list. A row is marked by `data-row`, on its link. */

/** Returns the index after a step, within the list; from nowhere the first or the last. */
export function nextIndex(current: number, step: number, length: number): number {
  if (current < 0) return step > 0 ? 0 : length - 1;
  return Math.max(0, Math.min(length - 1, current + step));
}

export function moveInList(step: number): void {
  const rows = [...document.querySelectorAll<HTMLElement>("[data-row]")];
  if (!rows.length) return;
  const current = rows.findIndex((row) => row === document.activeElement);
  const next = rows[nextIndex(current, step, rows.length)];
  next?.focus();
  next?.scrollIntoView({ block: "nearest" });
}
