/** The frame in which a picture is drawn: how large it is, what of it is in sight, and where it is scrolled to. */
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { fitting, shift, type Picture, type Rectangle } from "./picture";

const ZOOMS = [0.2, 2] as const;
const PADDING = 8;
/** Around what is brought into sight, in pixels. */
const MARGIN = 30;
/** Where less of the frame is in the window, the window has to be scrolled in any case. */
const LEAST = 200;

interface Frame {
  width: number;
  height: number;
}

export function useScroller(picture: Picture, reveal: string | undefined) {
  const box = useRef<HTMLDivElement>(null);
  const [frame, setFrame] = useState<Frame>({ width: 0, height: 0 });
  const [zoom, setZoom] = useState<number | undefined>();
  const [at, setAt] = useState({ left: 0, top: 0 });
  const fixed = useRef<{ x: number; y: number; left: number; top: number } | undefined>(undefined);
  const scale = zoom ?? fitting(picture.width, frame.width - 2 * PADDING);

  useLayoutEffect(() => {
    const element = box.current;
    if (!element) return;
    const measure = () => setFrame((known) => (known.width === element.clientWidth && known.height === element.clientHeight ? known : { width: element.clientWidth, height: element.clientHeight }));
    measure();
    const observer = new ResizeObserver(measure);
    observer.observe(element);
    return () => observer.disconnect();
  }, []);

  // The point that was zoomed at stays where it is.
  useLayoutEffect(() => {
    const element = box.current;
    const point = fixed.current;
    fixed.current = undefined;
    if (element && point) element.scrollTo(point.x * scale - point.left, point.y * scale - point.top);
  }, [scale]);

  useLayoutEffect(() => setZoom(undefined), [picture]);

  useEffect(() => {
    const element = box.current;
    if (!element || !frame.width) return;
    const node = picture.nodes.find((item) => item.path === reveal);
    const start = picture.nodes.find((item) => item.kind === "start");
    if (node) {
      const sight = element.getBoundingClientRect();
      const inWindow = Math.min(sight.bottom, innerHeight) - sight.top;
      element.scrollTop += shift(node.y * scale - element.scrollTop, node.height * scale, inWindow > LEAST ? Math.min(inWindow, frame.height) : frame.height, MARGIN);
      element.scrollLeft += shift(node.x * scale - element.scrollLeft, node.width * scale, frame.width, MARGIN);
    } else if (start && element.scrollTop === 0) {
      element.scrollLeft = start.x * scale - frame.width / 2;
    }
  }, [picture, reveal, frame.width > 0]); // eslint-disable-line react-hooks/exhaustive-deps -- not again when the frame or the scale changes

  const change = (factor: number | undefined, pointer?: { x: number; y: number }) => {
    const element = box.current;
    if (!element) return;
    const left = pointer?.x ?? frame.width / 2;
    const top = pointer?.y ?? frame.height / 2;
    fixed.current = { x: (element.scrollLeft + left) / scale, y: (element.scrollTop + top) / scale, left, top };
    setZoom(factor === undefined ? undefined : Math.max(ZOOMS[0], Math.min(ZOOMS[1], scale * factor)));
  };
  const onScroll = () => {
    const element = box.current;
    if (!element) return;
    // Not for each pixel: what is drawn reaches a whole frame further than what is in sight.
    const far = Math.abs(element.scrollTop - at.top) > frame.height / 2 || Math.abs(element.scrollLeft - at.left) > frame.width / 2;
    if (far) setAt({ left: element.scrollLeft, top: element.scrollTop });
  };
  const view: Rectangle = {
    left: (at.left - frame.width) / scale,
    top: (at.top - frame.height) / scale,
    right: (at.left + 2 * frame.width) / scale,
    bottom: (at.top + 2 * frame.height) / scale,
  };
  const fits = picture.width * scale + 2 * PADDING <= frame.width + 1 && picture.height * scale + 2 * PADDING <= frame.height + 1;
  return { box, scale, view, zoomed: zoom !== undefined, fits, change, onScroll };
}
