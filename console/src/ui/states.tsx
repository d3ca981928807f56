/** What a page shows in place of data: while it loads, when there is none, when it failed. */
import type { ComponentChildren } from "preact";
import { ApiProblem, messageOf } from "../api/problem";
import type { Loaded } from "../api/load";
import { Icon } from "./icons";

export function Empty({ title, icon = "empty", children }: { title: string; icon?: string; children?: ComponentChildren }) {
  return (
    <div class="empty">
      <Icon name={icon} />
      <h2>{title}</h2>
      {children}
    </div>
  );
}

/** Leaves out what the service tells programs: `GET /runs lists yours.` */
function forReaders(message: string): string {
  return message.replace(/ GET \/\S+ lists \w+\.$/, "");
}

/** What failed, and why. What does not exist, and what the reader may not see, is no fault: it looks like an empty page. */
export function Problem({ error, retry }: { error: unknown; retry?: () => void }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  if (problem?.status === 404 || problem?.status === 403) {
    return (
      <div role="alert">
        <Empty title={problem.status === 404 ? "Not found" : "Not permitted"} icon={problem.status === 404 ? "search" : "locked"}>
          <p>{forReaders(problem.message)}</p>
          {problem.status === 404 && <p>It may also be another user's, which you can't see.</p>}
        </Empty>
      </div>
    );
  }
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

type Kind = "flows" | "runs" | "block";

/** Grey rows of the size of what comes, so that nothing jumps. */
export function Skeleton({ rows = 6, kind = "block" }: { rows?: number; kind?: Kind }) {
  return (
    <div class={`skeleton skeleton-${kind}`} role="status" aria-label="Loading">
      {Array.from({ length: rows }, (_, index) => (
        <div key={index} class="skeleton-row" />
      ))}
    </div>
  );
}

/** Shows data once it is there; a failure to load it again is shown above it. */
export function Show<T>({ of, rows, kind = "block", children }: { of: Loaded<T>; rows?: number; kind?: Kind; children: (data: T) => ComponentChildren }) {
  return (
    <>
      {of.error !== undefined && <Problem error={of.error} retry={of.reload} />}
      {of.data !== undefined ? children(of.data) : of.error === undefined && <Skeleton rows={rows ?? 6} kind={kind} />}
    </>
  );
}
