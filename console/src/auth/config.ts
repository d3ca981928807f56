/** How to reach the user pool, and the demo user of a pool on this machine. */
import { BASE } from "../shell/router";
import type { components } from "../api/schema";

type AuthConfig = components["schemas"]["AuthConfig"];

/** The origin of the user pool's API, which the server writes into the page. */
export const POOL_ENDPOINT = document.querySelector<HTMLMetaElement>('meta[name="pool-endpoint"]')?.content ?? "";

const LOOPBACK = /^http:\/\/(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

let loading: Promise<AuthConfig> | undefined;

/** Returns the API's `/auth/config`. */
export function loadConfig(): Promise<AuthConfig> {
  loading ??= fetch(`${BASE}../auth/config`)
    .then((answer) => {
      if (!answer.ok) throw new Error(`The service answered with status ${answer.status}.`);
      return answer.json() as Promise<AuthConfig>;
    })
    .catch((error: unknown) => {
      loading = undefined; // so that the next attempt asks again
      throw error;
    });
  return loading;
}

export interface DemoUser {
  email: string;
  password: string;
}

/** Returns the demo user that `make run` creates; undefined for a pool on AWS. */
export async function findDemoUser(): Promise<DemoUser | undefined> {
  if (!LOOPBACK.test(POOL_ENDPOINT)) return undefined;
  const answer = await fetch(`${POOL_ENDPOINT}/_localcloud/demo-user`);
  return answer.ok ? ((await answer.json()) as DemoUser) : undefined;
}
