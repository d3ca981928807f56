/** The statuses of approvals, as tabs. */
export const STATUSES = [
  { id: "pending", title: "Waiting" },
  { id: "answered", title: "Answered" },
  { id: "expired", title: "Expired" },
] as const;

export type Status = (typeof STATUSES)[number]["id"];

/** Returns the status that an address names; `pending` if it names none that exists. */
export function statusOf(text: string | null): Status {
  return STATUSES.find((status) => status.id === text)?.id ?? "pending";
}
