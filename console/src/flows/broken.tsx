/** A flow that can't run: what the compiler says, at the lines that it is about. */
import type { components } from "../api/schema";
import { Editor } from "../ui/editor";
import { Icon } from "../ui/icons";

type Broken = NonNullable<components["schemas"]["Flows"]["broken"]>[number];
type Finding = components["schemas"]["Finding"];

const ICONS = { error: "failed", warning: "warning", advice: "pending" };

export function Findings({ findings }: { findings: Finding[] }) {
  if (!findings.length) return null;
  return (
    <ul class="findings card" aria-label="Findings of the compiler">
      {findings.map((item, index) => (
        <li key={index} class={`finding ${item.severity}`}>
          <Icon name={ICONS[item.severity]} label={item.severity} />
          <div>
            <p>{item.message}</p>
            <p class="muted small">
              line {item.line}, column {item.column} · {item.check}
              {item.hint && ` · ${item.hint}`}
            </p>
          </div>
        </li>
      ))}
    </ul>
  );
}

export function BrokenFlow({ flow }: { flow: Broken }) {
  return (
    <>
      <p class="lead">
        <span class="status status-failed">
          <Icon name="warning" /> Broken
        </span>{" "}
        This flow can't run until its file is corrected. The page shows the file as it was when you opened it.
      </p>
      {flow.findings?.length ? (
        <Findings findings={flow.findings} />
      ) : (
        <ul class="findings card">
          {flow.errors.map((error) => (
            <li key={error} class="finding error">
              <Icon name="failed" label="error" /> {error}
            </li>
          ))}
        </ul>
      )}
      {flow.source && (
        <section class="section">
          <h2 class="mono">{flow.file}</h2>
          <Editor value={flow.source} language="yaml" label={flow.file ?? flow.name} findings={flow.findings ?? []} />
        </section>
      )}
    </>
  );
}
