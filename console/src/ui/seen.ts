/** Notices when an element comes into view, and grows long lists as they are scrolled. */
import type { RefObject } from "preact";
import { useEffect, useState } from "preact/hooks";

/** How far below the window counts as in view. */
const MARGIN = "300px";

/** Returns whether the element has been in view. */
export function useSeen(element: RefObject<Element | null>, active = true): boolean {
  const [seen, setSeen] = useState(false);
  useEffect(() => {
    if (seen || !active || !element.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setSeen(true), { rootMargin: MARGIN });
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element, seen, active]);
  return seen;
}

/** Returns how many rows of a list to render: `step` at first, and more whenever its end, `foot`, comes into view. */
export function useGrowing(length: number, foot: RefObject<Element | null>, step = 100): number {
  const [shown, setShown] = useState(step);
  useEffect(() => {
    if (shown >= length || !foot.current) return;
    const observer = new IntersectionObserver((entries) => entries.some((entry) => entry.isIntersecting) && setShown((count) => count + step), { rootMargin: MARGIN });
    observer.observe(foot.current);
    return () => observer.disconnect();
  }, [foot, shown, length, step]);
  return Math.min(shown, length);
}
