/** Drawn signs. Each status has a shape of its own, so that colour is never the only difference. */

export const PATHS: Record<string, string> = {
  succeeded: "M3.5 8.5l3 3 6-7",
  failed: "M4 4l8 8M12 4l-8 8",
  running: "M8 2.5a5.5 5.5 0 1 1-5.5 5.5",
  timed: "M8 4v4l2.5 2M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
  aborted: "M4.5 4.5h7v7h-7z",
  waiting: "M5.5 4v8M10.5 4v8",
  retried: "M3 8a5 5 0 0 1 9-3l1 1.2M13 3v3.4H9.6M13 8a5 5 0 0 1-9 3l-1-1.2M3 13V9.6h3.4",
  caught: "M3 4c5 0 7 2 7 8M7 9l3 3 3-3",
  pending: "M4 8h8",
  close: "M4 4l8 8M12 4l-8 8",
  search: "M7 2.8a4.2 4.2 0 1 0 0 8.4A4.2 4.2 0 0 0 7 2.8M10 10l3.5 3.5",
  clock: "M8 4.5V8l2.4 1.6M8 2a6 6 0 1 0 0 12A6 6 0 0 0 8 2",
  play: "M5 3.2v9.6L12.5 8z",
  stop: "M4.5 4.5h7v7h-7z",
  copy: "M5.5 5.5v-3h8v8h-3M2.5 5.5h8v8h-8z",
  light: "M8 5a3 3 0 1 0 0 6 3 3 0 0 0 0-6M8 1v1.5M8 13.5V15M1 8h1.5M13.5 8H15M3 3l1 1M12 12l1 1M3 13l1-1M12 4l1-1",
  dark: "M13 9.5A5.6 5.6 0 0 1 6.5 3 5.6 5.6 0 1 0 13 9.5z",
  system: "M2 3h12v8H2zM6 14h4M8 11v3",
  keyboard: "M1.5 4h13v8.5h-13zM4 6.5h.01M6.7 6.5h.01M9.3 6.5h.01M12 6.5h.01M4.5 10h7",
  leave: "M6.5 2.5h-4v11h4M10 5l3 3-3 3M13 8H6",
  refresh: "M13 8a5 5 0 1 1-1.6-3.7M13 2.5v3h-3",
  warning: "M8 2.2l6.2 11.3H1.8zM8 6.4v3.2M8 11.6h.01",
  empty: "M2 9.5h3.5l1 2h3l1-2H14M2 9.5l2-6h8l2 6v4H2z",
  open: "M6 3.5l4.5 4.5L6 12.5",
  right: "M6 3.5l4.5 4.5L6 12.5",
  left: "M10 3.5L5.5 8l4.5 4.5",
  down: "M3.5 6L8 10.5 12.5 6",
  back: "M13 8H3M7 4L3 8l4 4",
  compare: "M6 3H3v10h3M10 3h3v10h-3M8 1.5v13",
  bench: "M6 2h4M7 2v4.2L3.3 12.5a1 1 0 0 0 .9 1.5h7.6a1 1 0 0 0 .9-1.5L9 6.2V2M5 10h6",
  locked: "M4 7.5h8v6H4zM5.5 7.5V5a2.5 2.5 0 0 1 5 0v2.5",
  iterated: "M3 4h10M3 8h10M3 12h10",
};

export function Icon({ name, label }: { name: string; label?: string }) {
  return (
    <svg class={`icon icon-${name}`} viewBox="0 0 16 16" aria-hidden={label ? undefined : "true"} role={label ? "img" : undefined} aria-label={label}>
      <path d={PATHS[name] ?? ""} />
    </svg>
  );
}

/** The sign of a run's or a state's status. */
export const STATUS_ICONS: Record<string, string> = {
  SUCCEEDED: "succeeded",
  FAILED: "failed",
  TIMED_OUT: "timed",
  ABORTED: "aborted",
  RUNNING: "running",
  PENDING_REDRIVE: "waiting",
  PENDING: "pending",
  WAITING: "waiting",
  CAUGHT: "caught",
  RETRYING: "retried",
  ITERATED: "iterated",
  NOT_REACHED: "pending",
};
