/** Follows a run: asks for what is new until the API says that there will be nothing more. */
import { useEffect, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { merged, type State } from "./model";

const PAGE_PAUSE = 60;
const FIRST_PAUSE = 1000;
const LONGEST_PAUSE = 30_000;

/** Returns how long to wait: shortly while pages come in, then a second, and longer while nothing changes. */
export function pauseAfter(previous: number, changed: boolean, pages: number): number {
  if (changed) return pages < 20 ? PAGE_PAUSE : FIRST_PAUSE;
  return Math.min(LONGEST_PAUSE, Math.max(FIRST_PAUSE, previous * 1.5));
}

/** Waits, and after that until the page is visible. */
export async function rest(milliseconds: number, signal: AbortSignal): Promise<void> {
  await new Promise<void>((resolve) => {
    const timer = setTimeout(resolve, milliseconds);
    signal.addEventListener("abort", () => (clearTimeout(timer), resolve()), { once: true });
  });
  while (document.hidden && !signal.aborted) {
    await new Promise<void>((resolve) => {
      document.addEventListener("visibilitychange", () => resolve(), { once: true });
      signal.addEventListener("abort", () => resolve(), { once: true });
    });
  }
}

export interface Question {
  flow: string;
  id: string;
  /** The Map of an iteration. */
  path?: string | undefined;
  iteration?: string | undefined;
}

export interface Followed {
  states: State[];
  /** Whether the first answer has come. */
  loaded: boolean;
  /** Whether everything has come and nothing will change. */
  complete: boolean;
  error: unknown;
  retry: () => void;
}

const NOTHING = { states: [], loaded: false, complete: false, error: undefined };

/** Returns the states of a run or of an iteration, and keeps them up to date. `key` starts over when it changes. */
export function useStates(question: Question | undefined, key: string): Followed {
  const { flow, id, path, iteration } = question ?? {};
  const [turn, setTurn] = useState(0);
  const [found, setFound] = useState<Omit<Followed, "retry"> & { key: string }>({ ...NOTHING, key });
  useEffect(() => {
    const controller = new AbortController();
    const { signal } = controller;
    let states: State[] = [];
    const follow = async (name: string, execution: string) => {
      let token: string | undefined;
      let pause = 0;
      for (let pages = 1; !signal.aborted; pages++) {
        const query = { ...(path && iteration !== undefined ? { path, iteration } : {}), ...(token ? { nextToken: token } : {}) };
        const answer = await ask(api.GET("/run/{flow_name}/{execution_id}/states", { params: { path: { flow_name: name, execution_id: execution }, query }, signal }));
        const changed = answer.states.length > 0;
        states = merged(states, answer.states);
        token = answer.nextToken;
        if (changed || pages === 1 || !token) setFound({ key, states, loaded: true, complete: !token, error: undefined });
        if (!token) return;
        pause = pauseAfter(pause, changed, pages);
        await rest(pause, signal);
      }
    };
    if (flow !== undefined && id !== undefined) {
      follow(flow, id).catch((error: unknown) => signal.aborted || setFound({ key, states, loaded: states.length > 0, complete: false, error }));
    }
    return () => controller.abort();
  }, [flow, id, path, iteration, key, turn]);
  const current = found.key === key ? found : NOTHING;
  return { ...current, retry: () => setTurn((value) => value + 1) };
}
