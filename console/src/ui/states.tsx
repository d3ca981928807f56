/** What a page shows in place of data: while it loads, when there is none, when it failed. */
import type { ComponentChildren } from "preact";
import { ApiProblem, messageOf } from "../api/problem";
import type { Loaded } from "../api/load";
import { Icon } from "./icons";

export function Empty({ title, children }: { title: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name="empty" />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <div class="problem" role="alert">
      <Icon name="warning" />
      <div>
        <p>{messageOf(error)}</p>
        {problem?.fields.length ? (
          <ul>
            {problem.fields.map((item) => (
              <li key={item.field}>
                <code>{item.field || "input"}</code> {item.message}
              </li>
            ))}
          </ul>
        ) : null}
        {problem?.requestId && <p class="muted small">Request {problem.requestId}</p>}
      </div>
      {retry && (
        <button type="button" onClick={retry}>
          Try again
        </button>
      )}
    </div>
  );
}

/** Grey rows of the size of what comes, so that nothing jumps. */
export function Skeleton({ rows = 6 }: { rows?: number }) {
  return (
    <div class="skeleton" role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton-row" />
      ))}
    </div>
  );
}

/** Shows data once it is there; a failure to load it again is shown above it. */
export function Show<T>({ of, rows, children }: { of: Loaded<T>; rows?: number; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error !== undefined && <Problem error={of.error} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : of.error === undefined && <Skeleton rows={rows ?? 6} />}
    </>
  );
}
