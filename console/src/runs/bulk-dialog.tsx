/** The dialog that runs all runs of a filter again: it counts, asks, works and reports. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { pageAt, query } from "../shell/router";
import { number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Dialog } from "../ui/parts";
import { Empty, Problem } from "../ui/states";
import { bulkFilter, counted, firstOf, forget, interrupted, keep, MOST, preview, work, type AgainRow, type BulkFilter, type Job, type Preview, type Send, type Verb } from "./bulk";

const WORDS = {
  redrive: {
    title: "Redrive runs",
    lead: "Failed, timed out and aborted runs continue where they stopped. States that succeeded don't run again.",
    button: (runs: string) => `Redrive ${runs}`,
    doing: "Redriving",
    done: "redriven",
    none: "No failed run matches the filters",
  },
  rerun: {
    title: "Run again",
    lead: "Each run is started again as a new run, with its former input.",
    button: (runs: string) => `Start ${runs} again`,
    doing: "Starting",
    done: "started again",
    none: "No run matches the filters",
  },
};

const SHOWN = 200;
const FLOWS = 6;

const send: Send = (verb, body, key) => {
  const options = { body, params: { header: key ? { "Idempotency-Key": key } : {} } };
  return ask(verb === "redrive" ? api.POST("/runs/redrive", options) : api.POST("/runs/rerun", options));
};

type Phase =
  | { name: "looking"; count: number }
  | { name: "unknown"; error: unknown }
  | { name: "asking"; filter: BulkFilter; found: Preview }
  | { name: "paused"; job: Job; error?: unknown }
  | { name: "working"; job: Job }
  | { name: "done"; job: Job };

export function BulkDialog({ verb, onClose }: { verb: Verb; onClose: (changed: boolean) => void }) {
  const chosen = query.value.toString();
  const [phase, setPhase] = useState<Phase>(() => {
    const job = interrupted(verb, chosen);
    return job ? { name: "paused", job } : { name: "looking", count: 0 };
  });
  const stopped = useRef(false);
  const changed = useRef(false);
  useEffect(() => () => void (stopped.current = true), []);

  const look = async () => {
    stopped.current = false;
    setPhase({ name: "looking", count: 0 });
    try {
      const filter = bulkFilter(query.value, Date.now());
      const found = await preview(send, verb, filter, (count) => setPhase({ name: "looking", count }), () => stopped.current);
      setPhase({ name: "asking", filter, found });
    } catch (error) {
      setPhase({ name: "unknown", error });
    }
  };
  useEffect(() => {
    if (phase.name === "looking") void look();
  }, []); // eslint-disable-line react-hooks/exhaustive-deps -- once, when it opens

  const run = async (job: Job) => {
    stopped.current = false;
    changed.current = true;
    let latest = job;
    keep(job);
    setPhase({ name: "working", job });
    const step = (now: Job) => {
      latest = now;
      setPhase(now.finished ? { name: "done", job: now } : { name: "working", job: now });
    };
    try {
      await work(send, job, step, () => stopped.current);
      if (!latest.finished) setPhase({ name: "paused", job: latest });
    } catch (error) {
      setPhase({ name: "paused", job: latest, error });
    }
  };
  const begin = (filter: BulkFilter, found: Preview) => {
    const job: Job = { verb, chosen, filter, key: crypto.randomUUID(), total: found.rows.length, rows: [], finished: false };
    void run(job);
  };
  return (
    <Dialog title={WORDS[verb].title} wide onClose={() => onClose(changed.current)}>
      <div class="bulk">{content()}</div>
    </Dialog>
  );

  function content(): ComponentChildren {
    switch (phase.name) {
      case "looking":
        return (
          <p class="bulk-wait" role="status">
            <Icon name="running" /> Looking which runs are meant{phase.count > 0 && `: ${number(phase.count)} so far`} …
          </p>
        );
      case "unknown":
        return <Problem error={phase.error} retry={() => void look()} />;
      case "asking":
        return <Question verb={verb} found={phase.found} onConfirm={() => begin(phase.filter, phase.found)} onCancel={() => onClose(changed.current)} />;
      case "working":
        return (
          <>
            <Bar job={phase.job} />
            <div class="actions">
              <button type="button" onClick={() => (stopped.current = true)}>
                <Icon name="stop" /> Stop after this step
              </button>
            </div>
          </>
        );
      case "paused":
        return <Paused job={phase.job} error={phase.error} onContinue={() => void run(phase.job)} onDrop={() => (forget(), void look())} />;
      case "done":
        return <Report job={phase.job} onMore={phase.job.next ? () => void look() : undefined} onClose={() => onClose(changed.current)} />;
    }
  }
}

function Question({ verb, found, onConfirm, onCancel }: { verb: Verb; found: Preview; onConfirm: () => void; onCancel: () => void }) {
  const words = WORDS[verb];
  const possible = found.rows.filter((row) => row.result !== "refused");
  const refused = found.rows.filter((row) => row.result === "refused");
  const confirm = useRef<HTMLButtonElement>(null);
  useEffect(() => confirm.current?.focus(), []);
  if (!found.rows.length) return <Empty title={words.none} />;
  return (
    <>
      <p>{words.lead}</p>
      {found.more && (
        <p class="note" role="note">
          <Icon name="warning" /> More than {number(MOST)} runs match. This does the newest {number(MOST)}; the others can follow.
        </p>
      )}
      <dl class="bulk-counts">
        <div>
          <dt>Runs</dt>
          <dd class="big number">{number(possible.length)}</dd>
        </div>
        {firstOf(counted(possible, (row) => row.flow), FLOWS, "other flows").map(([flow, count]) => (
          <div key={flow}>
            <dt>{flow}</dt>
            <dd class="number">{number(count)}</dd>
          </div>
        ))}
      </dl>
      <Refused rows={refused} text={refused.length === 1 ? "1 run would be refused:" : `${number(refused.length)} runs would be refused:`} />
      <Rows rows={possible} label="Runs that are meant" />
      <div class="actions end">
        <button type="button" onClick={onCancel}>
          Cancel
        </button>
        <button type="button" class="primary" ref={confirm} disabled={!possible.length} onClick={onConfirm}>
          {words.button(possible.length === 1 ? "1 run" : `${number(possible.length)} runs`)}
        </button>
      </div>
    </>
  );
}

function Bar({ job }: { job: Job }) {
  return (
    <div class="bulk-bar" role="status">
      <p>
        {WORDS[job.verb].doing} … {number(job.rows.length)} of {number(job.total)}
      </p>
      <progress max={job.total} value={job.rows.length} aria-label="Progress" />
    </div>
  );
}

function Paused({ job, error, onContinue, onDrop }: { job: Job; error: unknown; onContinue: () => void; onDrop: () => void }) {
  return (
    <>
      {error !== undefined && <Problem error={error} />}
      <p>
        It stopped after {number(job.rows.length)} of {number(job.total)} runs. When you continue, nothing is done to a run twice.
      </p>
      <div class="actions end">
        <button type="button" onClick={onDrop}>
          Leave the rest
        </button>
        <button type="button" class="primary" onClick={onContinue}>
          Continue
        </button>
      </div>
    </>
  );
}

function Report({ job, onMore, onClose }: { job: Job; onMore: (() => void) | undefined; onClose: () => void }) {
  const done = job.rows.filter((row) => row.result !== "refused");
  const refused = job.rows.filter((row) => row.result === "refused");
  const close = useRef<HTMLButtonElement>(null);
  useEffect(() => close.current?.focus(), []);
  return (
    <>
      <p class="bulk-done" role="status">
        <Icon name={refused.length ? "warning" : "succeeded"} /> {number(done.length)} {done.length === 1 ? "run was" : "runs were"} {WORDS[job.verb].done}
        {refused.length > 0 && `, ${number(refused.length)} refused`}.
      </p>
      <Refused rows={refused} text="Refused:" />
      <Rows rows={done} label="Runs" linked />
      <div class="actions end">
        {onMore && (
          <button type="button" onClick={onMore}>
            Look for more
          </button>
        )}
        <button type="button" class="primary" ref={close} onClick={onClose}>
          Close
        </button>
      </div>
    </>
  );
}

/** Why runs are refused: each reason once, with the runs that it is about. */
function Refused({ rows, text }: { rows: AgainRow[]; text: string }) {
  if (!rows.length) return null;
  return (
    <details class="refused">
      <summary>{text}</summary>
      <ul>
        {counted(rows, (row) => row.detail ?? "no reason was given").map(([detail, count]) => (
          <li key={detail}>
            {number(count)} × {detail}
          </li>
        ))}
      </ul>
      <Rows rows={rows} label="Refused runs" linked />
    </details>
  );
}

/** Without links while something is asked or done: they lead away from it. */
function Rows({ rows, label, linked = false }: { rows: AgainRow[]; label: string; linked?: boolean }) {
  if (!rows.length) return null;
  return (
    <div class="bulk-rows" tabIndex={0} role="region" aria-label={label}>
      <table>
        <thead class="hidden">
          <tr>
            <th scope="col">Run</th>
            <th scope="col">Flow</th>
            <th scope="col">New run</th>
          </tr>
        </thead>
        <tbody>
          {rows.slice(0, SHOWN).map((row) => (
            <tr key={row.executionId}>
              <td class="mono">{linked ? <a href={pageAt("runs", row.flow, row.executionId)}>{row.executionId}</a> : row.executionId}</td>
              <td>{row.flow}</td>
              <td>
                {row.startedExecutionId && (
                  <a href={pageAt("runs", row.flow, row.startedExecutionId)} aria-label={`New run ${row.startedExecutionId}`}>
                    new run
                  </a>
                )}
              </td>
            </tr>
          ))}
        </tbody>
      </table>
      {rows.length > SHOWN && <p class="muted bulk-more">and {number(rows.length - SHOWN)} more</p>}
    </div>
  );
}
