/** Runs as a table; on a phone each run is a block. */
import type { components } from "../api/schema";
import { user } from "../auth/session";
import { pageAt } from "../shell/router";
import { Duration, Status, Time } from "../ui/parts";

export type RunRow = components["schemas"]["Runs"]["executions"][number];

interface Properties {
  rows: RunRow[];
  withFlow?: boolean;
  /** Whose runs they are, for a list of several users' runs. */
  withUser?: boolean;
}

export function RunsTable({ rows, withFlow = true, withUser = false }: Properties) {
  return (
    <div class="card table-box">
      <table class="runs">
        <thead>
          <tr>
            <th scope="col">Run</th>
            {withFlow && <th scope="col">Flow</th>}
            {withUser && <th scope="col">User</th>}
            <th scope="col">Status</th>
            <th scope="col">Error and labels</th>
            <th scope="col">Started</th>
            <th scope="col" class="end">
              Duration
            </th>
          </tr>
        </thead>
        <tbody>
          {rows.map((row) => (
            <tr key={row.executionId}>
              <td>
                <a class="row-link mono" data-row href={pageAt("runs", row.flow, row.executionId)}>
                  {row.executionId}
                </a>
              </td>
              {withFlow && <td class="flow-name" title={row.flow}>{row.flow}</td>}
              {withUser && (
                <td>
                  <Owner row={row} />
                </td>
              )}
              <td>
                <Status status={row.status} />
              </td>
              <td class="notes">
                <Notes row={row} />
              </td>
              <td class="when">
                <Time at={row.startDate} />
              </td>
              <td class="end">
                <Duration start={row.startDate} stop={row.stopDate} />
              </td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** What tells one run from another at a glance: its error, its labels, how it came about. */
function Notes({ row }: { row: RunRow }) {
  const how = { user: "", schedule: "by its schedule", run: "by another run", other: "outside the API" }[row.startedBy];
  const notes = [how, row.redriveCount ? `redriven ${row.redriveCount} ×` : ""].filter(Boolean).join(", ");
  const labels = Object.entries(row.labels);
  if (!row.error && !labels.length && !notes) return null;
  return (
    <p class="run-notes muted small" title={[row.error, ...labels.map((pair) => pair.join(": ")), notes].filter(Boolean).join(", ")}>
      {row.error && <span class="run-error">{row.error}</span>}
      {labels.map(([name, value]) => (
        <span class="chip" key={name}>
          {name}: {value}
        </span>
      ))}
      {notes && <span>{notes}</span>}
    </p>
  );
}

function Owner({ row }: { row: RunRow }) {
  if (!row.userId) return <span class="muted">nobody</span>;
  if (row.userId === user.value?.id) return <>you</>;
  return (
    <a class="mono" href={`${pageAt("runs")}?user=${encodeURIComponent(row.userId)}`} title={row.userId} aria-label={`Runs of the user ${row.userId}`}>
      {row.userId.slice(0, 8)}
    </a>
  );
}
