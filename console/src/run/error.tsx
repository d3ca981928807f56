import { Icon } from "../ui/icons";
import { causeOf } from "./causes";

/** An error with its cause; a trace is folded. */
export function ErrorBox({ error, cause, children }: { error: string; cause: string | null; children?: preact.ComponentChildren }) {
  const { message, trace } = causeOf(cause);
  return (
    <div class="problem run-error">
      <Icon name="failed" />
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
