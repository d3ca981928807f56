/** The head of a run's page: when, how long, by whom, from where. */
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { pageAt } from "../shell/router";
import { absolute } from "../ui/format";
import { Duration, Status, Time } from "../ui/parts";
import type { Run } from "./model";

const STARTERS = { user: "a user", schedule: "its schedule", run: "another run", other: "another program" };

export function RunFacts({ run }: { run: Run }) {
  const labels = Object.entries(run.labels);
  return (
    <dl class="card facts run-facts">
      <div>
        <dt>Status</dt>
        <dd>
          <Status status={run.status} />
        </dd>
      </div>
      <div>
        <dt>Started</dt>
        <dd>
          <Time at={run.startDate} />
          <span class="muted small fact-more">{absolute(run.startDate)}</span>
        </dd>
      </div>
      <div>
        <dt>{run.status === "RUNNING" ? "Running for" : "Duration"}</dt>
        <dd>
          <Duration start={run.startDate} stop={run.stopDate} />
          {run.stopDate && <span class="muted small fact-more">until {absolute(run.stopDate)}</span>}
        </dd>
      </div>
      <div>
        <dt>Started by</dt>
        <dd>
          {run.parent ? (
            <>
              the run of <a href={pageAt("runs", run.parent.flow, run.parent.executionId)}>{run.parent.flow}</a>
            </>
          ) : (
            STARTERS[run.startedBy]
          )}
          {run.redriveCount > 0 && <span class="muted small fact-more">redriven {run.redriveCount === 1 ? "once" : `${run.redriveCount} times`}</span>}
        </dd>
      </div>
      <Children run={run} />
      {labels.length > 0 && (
        <div>
          <dt>Labels</dt>
          <dd class="chips">
            {labels.map(([name, value]) => (
              <a class="chip" key={name} href={`${pageAt("runs")}?label=${encodeURIComponent(`${name}:${value}`)}`}>
                {name}: {value}
              </a>
            ))}
          </dd>
        </div>
      )}
    </dl>
  );
}

/** The runs that this one has started, or that repeat it. */
function Children({ run }: { run: Run }) {
  const found = useLoad(`children ${run.executionId} ${run.status}`, (signal) => ask(api.GET("/runs", { params: { query: { parent: run.executionId, limit: 4 } }, signal })));
  const rows = found.data?.executions ?? [];
  if (!rows.length) return null;
  return (
    <div>
      <dt>Runs from this one</dt>
      <dd class="chips">
        {rows.slice(0, 3).map((row) => (
          <a class="chip" key={row.executionId} href={pageAt("runs", row.flow, row.executionId)}>
            {row.flow}
          </a>
        ))}
        {(rows.length > 3 || found.data?.nextToken) && <a href={`${pageAt("runs")}?parent=${encodeURIComponent(run.executionId)}`}>all</a>}
      </dd>
    </div>
  );
}
