/** Loads what a page shows: first nothing, then data or a problem; older data stays while it is loaded again. */
import { useCallback, useEffect, useRef, useState } from "preact/hooks";

export interface Loaded<T> {
  data: T | undefined;
  error: unknown;
  loading: boolean;
  /** Whether `data` is that of the key before, shown until that of this one is there. */
  stale: boolean;
  reload: () => void;
}

/**
 * @param key What is loaded: another key drops the data.
 * @param load Loads it; the signal ends the request when the page has gone.
 * @param keep Whether the data of the key before is shown meanwhile, so that the page doesn't jump.
 */
export function useLoad<T>(key: string, load: (signal: AbortSignal) => Promise<T>, keep = false): Loaded<T> {
  const [state, setState] = useState<{ key: string; data?: T; error?: unknown; loading: boolean }>({ key, loading: true });
  const [turn, setTurn] = useState(0);
  const current = useRef(load);
  current.current = load;
  useEffect(() => {
    const controller = new AbortController();
    setState((before) => (before.key === key ? { ...before, loading: true } : keep ? before : { key, loading: true }));
    current.current(controller.signal).then(
      (data) => controller.signal.aborted || setState({ key, data, loading: false }),
      (error: unknown) => controller.signal.aborted || setState((before) => ({ ...(before.key === key ? before : {}), key, error, loading: false })),
    );
    return () => controller.abort();
  }, [key, turn, keep]);
  const reload = useCallback(() => setTurn((value) => value + 1), []);
  const offline = state.error instanceof TypeError;
  useEffect(() => {
    if (!offline) return;
    addEventListener("online", reload);
    return () => removeEventListener("online", reload);
  }, [offline, reload]);
  const known = state.key === key;
  return {
    data: known || keep ? state.data : undefined,
    error: known ? state.error : undefined,
    loading: known ? state.loading : true,
    stale: !known && state.data !== undefined,
    reload,
  };
}
