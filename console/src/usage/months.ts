/** The months of a user's usage. */

export interface Month {
  /** `2026-11`. */
  yearMonth: string;
  apiCalls: number;
}

/** Puts months without calls between the others, so that a chart shows time as it passed. */
export function everyMonth(months: Month[]): Month[] {
  const [first] = months;
  const last = months.at(-1);
  if (!first || !last) return [];
  const calls = new Map(months.map((item) => [item.yearMonth, item.apiCalls]));
  const all: Month[] = [];
  for (let at = first.yearMonth; at <= last.yearMonth; at = next(at)) all.push({ yearMonth: at, apiCalls: calls.get(at) ?? 0 });
  return all;
}

function next(yearMonth: string): string {
  const [year = 0, month = 0] = yearMonth.split("-").map(Number);
  return month === 12 ? `${year + 1}-01` : `${String(year).padStart(4, "0")}-${String(month + 1).padStart(2, "0")}`;
}

/** Returns the places of as many labels as fit; the newest month always has one. */
export function everyNth(count: number, fitting: number): number[] {
  const step = Math.max(1, Math.ceil(count / Math.max(1, Math.floor(fitting))));
  return Array.from({ length: count }, (_, index) => index).filter((index) => (count - 1 - index) % step === 0);
}
