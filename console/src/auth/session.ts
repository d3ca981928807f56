/** Who is signed in. Tokens live in memory and in sessionStorage, which ends with the tab. */
import { computed, signal } from "@preact/signals";
import { Cognito, type Challenge, type Tokens } from "./cognito";
import { loadConfig, POOL_ENDPOINT } from "./config";

const KEY = "session";
const RENEW_BEFORE = 60_000;

export const tokens = signal<Tokens | undefined>(stored());
/** Set after a session has ended that the user did not end. */
export const expired = signal(false);
export const challenge = signal<Challenge | undefined>(undefined);

export interface User {
  id: string;
  email: string;
  groups: string[];
  isAdmin: boolean;
}

export const user = computed<User | undefined>(() => (tokens.value ? userOf(tokens.value.idToken) : undefined));

/** Reads the claims of a token, without verifying it: the API does. */
export function userOf(idToken: string): User | undefined {
  try {
    const part = (idToken.split(".")[1] ?? "").replaceAll("-", "+").replaceAll("_", "/");
    const bytes = Uint8Array.from(atob(part), (letter) => letter.charCodeAt(0));
    const claims = JSON.parse(new TextDecoder().decode(bytes)) as Record<string, unknown>;
    const listed = claims["cognito:groups"];
    const groups = Array.isArray(listed) ? listed.map(String) : [];
    return {
      id: String(claims.sub),
      email: String(claims.email ?? claims["cognito:username"] ?? ""),
      groups,
      isAdmin: groups.includes("admin"),
    };
  } catch {
    return undefined;
  }
}

function stored(): Tokens | undefined {
  try {
    const found = JSON.parse(sessionStorage.getItem(KEY) ?? "null") as Tokens | null;
    return found && typeof found.idToken === "string" ? found : undefined;
  } catch {
    return undefined;
  }
}

function keep(value: Tokens | undefined): void {
  tokens.value = value;
  if (value) sessionStorage.setItem(KEY, JSON.stringify(value));
  else sessionStorage.removeItem(KEY);
}

async function cognito(): Promise<Cognito> {
  return new Cognito(POOL_ENDPOINT, (await loadConfig()).userPoolClientId);
}

function accept(outcome: Tokens | Challenge): void {
  if ("idToken" in outcome) {
    challenge.value = undefined;
    expired.value = false;
    keep(outcome);
  } else challenge.value = outcome;
}

/** Signs in, or leaves a challenge in `challenge`. */
export async function signIn(email: string, password: string): Promise<void> {
  accept(await (await cognito()).signIn(email, password));
}

/** Answers what the pool has asked for after the password. */
export async function respond(answer: string): Promise<void> {
  if (challenge.value) accept(await (await cognito()).respond(challenge.value, answer));
}

/** Forgets the tokens, and ends the refresh token where that is possible. */
export async function signOut(): Promise<void> {
  const token = tokens.value?.refreshToken;
  expired.value = false;
  keep(undefined);
  if (token) await (await cognito()).revoke(token).catch(() => undefined);
}

/** Asks the user to sign in again. The address stays as it is. */
export function sessionEnded(): void {
  expired.value = tokens.value !== undefined || expired.value;
  keep(undefined);
}

let renewing: Promise<string> | undefined;

/** Returns an id token that is still valid for a while; `forced` asks for another one in any case. */
export async function freshToken(forced = false): Promise<string> {
  const current = tokens.value;
  if (!current) return "";
  if (!forced && current.expiresAt - Date.now() > RENEW_BEFORE) return current.idToken;
  renewing ??= renew(current).finally(() => (renewing = undefined));
  return renewing;
}

async function renew(current: Tokens): Promise<string> {
  if (!current.refreshToken) return current.idToken;
  try {
    const renewed = await (await cognito()).refresh(current.refreshToken);
    keep({ ...renewed, refreshToken: renewed.refreshToken ?? current.refreshToken });
    return renewed.idToken;
  } catch (error) {
    if (error instanceof TypeError) throw error; // offline: the session may still be good
    return current.idToken; // the API refuses it, which ends the session
  }
}
