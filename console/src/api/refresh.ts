/** Repeats something while the page is visible: often at first, more and more seldom while nothing changes. */
import { useEffect, useRef } from "preact/hooks";

const FIRST = 2_000;
const LONGEST = 30_000;
const FACTOR = 1.5;

/** Returns the pause before the next look, in milliseconds. */
export function nextPause(pause: number, changed: boolean): number {
  return changed ? FIRST : Math.min(LONGEST, pause * FACTOR);
}

/**
 * @param active Whether to look at all.
 * @param version Changes when what was looked at has changed.
 * @param look Looks again.
 */
export function useRefresh(active: boolean, version: unknown, look: () => void): void {
  const pause = useRef(FIRST);
  const current = useRef(look);
  current.current = look;
  useEffect(() => {
    pause.current = FIRST;
  }, [version]);
  useEffect(() => {
    if (!active) return;
    let timer = 0;
    const tick = () => {
      timer = window.setTimeout(() => {
        if (!document.hidden && navigator.onLine) current.current();
        pause.current = nextPause(pause.current, false);
        if (!document.hidden) tick();
      }, pause.current);
    };
    const resume = () => {
      clearTimeout(timer);
      if (document.hidden) return;
      current.current();
      pause.current = FIRST;
      tick();
    };
    tick();
    document.addEventListener("visibilitychange", resume);
    return () => {
      clearTimeout(timer);
      document.removeEventListener("visibilitychange", resume);
    };
  }, [active]);
}
