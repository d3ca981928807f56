/** The difference of two values, place by place. */
import { useMemo } from "preact/hooks";
import { changes, type Change } from "./difference";
import { shown } from "./values";

const MOST = 500;
const SIGNS: Record<Change["kind"], string> = { added: "+", removed: "−", changed: "≠", moved: "↕" };

export function Changes({ before, after }: { before: unknown; after: unknown }) {
  const found = useMemo(() => changes(before, after), [before, after]);
  if (!found.length) return <p class="muted">They are the same.</p>;
  return (
    <>
      <p class="muted small" role="status">
        {found.length} {found.length === 1 ? "difference" : "differences"}
      </p>
      <ul class="changes" aria-label="Differences">
        {found.slice(0, MOST).map((change) => (
          <li key={`${change.place} ${change.kind}`} class={`change ${change.kind}`}>
            <span class="sign" aria-label={change.kind}>
              {SIGNS[change.kind]}
            </span>
            <code>{change.place || "the whole value"}</code>
            {"before" in change && <del>{shown(change.before)}</del>}
            {"after" in change && <ins>{shown(change.after)}</ins>}
          </li>
        ))}
      </ul>
      {found.length > MOST && <p class="muted">Only the first {MOST} are shown.</p>}
    </>
  );
}
