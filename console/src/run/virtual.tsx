/** Rows of one height, of which only those in sight are in the document. */
import type { ComponentChildren, Ref } from "preact";
import { useImperativeHandle, useLayoutEffect, useRef, useState } from "preact/hooks";

const AROUND = 8;

/** Returns which rows to render: those in sight and a few around them. */
export function inSight(top: number, height: number, row: number, count: number): [number, number] {
  const first = Math.max(0, Math.floor(top / row) - AROUND);
  return [Math.min(first, count), Math.min(count, Math.ceil((top + height) / row) + AROUND)];
}

export interface RowsHandle {
  reveal: (index: number) => void;
  toEnd: () => void;
}

interface Properties {
  count: number;
  row: number;
  label: string;
  class?: string;
  handle?: Ref<RowsHandle | null>;
  /** Called with whether the last row is in sight. */
  onEnd?: (atEnd: boolean) => void;
  /** What a row of a tree says to screen readers beside its content. */
  level?: (index: number) => { "aria-level": number; "aria-expanded"?: boolean } | undefined;
  children: (index: number) => ComponentChildren;
}

export function Rows({ count, row, label, class: extra, handle, onEnd, level, children }: Properties) {
  const box = useRef<HTMLDivElement>(null);
  const [view, setView] = useState({ top: 0, height: 600 });
  const look = () => {
    const element = box.current;
    if (!element) return;
    const top = element.scrollTop - (element.scrollTop % row); // nothing changes within a row
    setView((known) => (known.top === top && known.height === element.clientHeight ? known : { top, height: element.clientHeight }));
    onEnd?.(element.scrollTop + element.clientHeight > element.scrollHeight - row);
  };
  useLayoutEffect(() => {
    if (!box.current) return;
    const observer = new ResizeObserver(([entry]) => entry && setView({ top: entry.target.scrollTop, height: entry.target.clientHeight }));
    observer.observe(box.current);
    return () => observer.disconnect();
  }, []);
  useImperativeHandle(
    handle ?? { current: null },
    () => ({
      reveal: (index: number) => {
        const element = box.current;
        if (!element) return;
        if (index * row < element.scrollTop) element.scrollTop = index * row;
        else if ((index + 1) * row > element.scrollTop + element.clientHeight) element.scrollTop = (index + 1) * row - element.clientHeight;
      },
      toEnd: () => box.current?.scrollTo(0, box.current.scrollHeight),
    }),
    [row],
  );
  const [first, last] = inSight(view.top, view.height, row, count);
  return (
    <div class={`rows ${extra ?? ""}`} ref={box} onScroll={look} role="rowgroup" tabIndex={0} aria-label={label} style={{ maxHeight: `${count * row}px` }}>
      <div class="rows-all" style={{ height: `${count * row}px` }}>
        {Array.from({ length: last - first }, (_, offset) => {
          const index = first + offset;
          return (
            <div key={index} class="rows-one" role="row" aria-rowindex={index + 1} {...level?.(index)} style={{ top: `${index * row}px`, height: `${row}px` }}>
              {children(index)}
            </div>
          );
        })}
      </div>
    </div>
  );
}
