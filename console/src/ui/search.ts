/** Returns whether a text has every word of a search, in whatever case. */
export function matches(text: string, search: string): boolean {
  const lower = text.toLowerCase();
  return search.toLowerCase().split(/\s+/).every((word) => lower.includes(word));
}
