/** Ids of users, as an admin enters them. */

/** Returns what is wrong with an id that an admin has entered. */
export function problemOfId(id: string): string {
  if (id.includes("@")) return "Enter the user's id, not the email address. `./admin/list_users.py` lists both.";
  return /\s/.test(id) ? "An id has no spaces." : "";
}
