/** The users whom an admin can choose from. The API has no list of users: those are offered whose runs are recent. */
import { api, ask } from "../api/client";
import { user } from "../auth/session";

/** Returns the ids of the users, without the caller, of the newest 200 runs. */
export async function recentUsers(signal: AbortSignal): Promise<string[]> {
  if (!user.value?.isAdmin) return [];
  const { executions } = await ask(api.GET("/runs", { params: { query: { user: "all", limit: 200 } }, signal }));
  const ids = executions.map((run) => run.userId).filter((id): id is string => id !== null && id !== user.value?.id);
  return [...new Set(ids)];
}
