import type { ComponentChildren } from "preact";
import { ApiProblem } from "../api/problem";
import { Icon } from "../ui/icons";
import { Empty, Problem } from "../ui/states";
import { causeOf } from "./causes";

/** An error with its cause; a trace is folded. */
export function ErrorBox({ error, cause, caught = false, children }: { error: string; cause: string | null; caught?: boolean; children?: ComponentChildren }) {
  const { message, trace } = causeOf(cause);
  return (
    <div class={`problem run-error ${caught ? "was-caught" : ""}`}>
      <Icon name={caught ? "caught" : "failed"} />
      <div>
        <p>
          <strong>{error}</strong> {children}
        </p>
        {message && <p class="pre">{message}</p>}
        {trace && (
          <details>
            <summary>Trace</summary>
            <pre class="trace" tabIndex={0} aria-label="Trace">
              {trace}
            </pre>
          </details>
        )}
      </div>
    </div>
  );
}

/** What is shown where the API refuses states, events or logs: that a run has none of them is no failure. */
export function Refusal({ error, retry }: { error: unknown; retry: () => void }) {
  if (!(error instanceof ApiProblem) || error.status !== 409) return <Problem error={error} retry={retry} />;
  return (
    <Empty title="Not recorded">
      <p>{error.message}</p>
    </Empty>
  );
}
