/** The events of a run as a table: virtualised rows, filters, details of the chosen one. */
import type { RefObject } from "preact";
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { addShortcuts } from "../shell/keyboard";
import { query, setQuery } from "../shell/router";
import { absolute, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Json, Search } from "../ui/parts";
import { Empty, Problem, Skeleton } from "../ui/states";
import { Refusal } from "./error";
import { filterEvents, kinds, readable, type EventKind } from "./event-filter";
import type { EventRow } from "./history";
import { clock } from "./log-lines";
import { useHistory, type HistoryLoader } from "./use-history";
import { Rows, type RowsHandle } from "./virtual";

const ROW = 34;

export function Events({ loader, running }: { loader: HistoryLoader; running: boolean }) {
  const loading = useHistory(loader);
  const { history, version } = loading;
  const [text, setText] = useState(query.value.get("find") ?? "");
  const [kind, setKind] = useState<EventKind>("all");
  const rows = useMemo(() => filterEvents(history.rows, text, kind), [history, version, text, kind]); // eslint-disable-line react-hooks/exhaustive-deps -- the history changes in place
  const chosen = Number(query.value.get("event") ?? 0);
  const handle = useRef<RowsHandle>(null);
  const current = useRef({ rows, chosen });
  current.current = { rows, chosen };
  const choose = (id: number | undefined) => setQuery({ event: id === undefined ? undefined : String(id) });
  useEffect(() => {
    const step = (by: number) => {
      const { rows: all, chosen: id } = current.current;
      const at = all.findIndex((row) => row.id === id);
      const next = Math.max(0, Math.min(all.length - 1, at < 0 ? 0 : at + by));
      const row = all[next];
      if (!row) return;
      choose(row.id);
      handle.current?.reveal(next);
    };
    return addShortcuts([
      { keys: "j", what: "Next event", run: () => step(1) },
      { keys: "k", what: "Previous event", run: () => step(-1) },
    ]);
  }, []);
  if (loading.error !== undefined && !history.rows.length) return <Refusal error={loading.error} retry={() => loader.retry()} />;
  if (!history.rows.length) return <Skeleton rows={8} />;
  const event = chosen ? history.rows.find((row) => row.id === chosen) : undefined;
  return (
    <>
      <div class="toolbar" role="search" aria-label="Filter events">
        <Search value={text} onChange={setText} label="Text, type or state" />
        <label class="field">
          <span>Kind</span>
          <select value={kind} onChange={(change) => setKind(change.currentTarget.value as EventKind)}>
            {kinds.map((item) => (
              <option key={item.id} value={item.id}>
                {item.title}
              </option>
            ))}
          </select>
        </label>
        <p class="muted toolbar-note" role="status">
          {rows.length === history.rows.length ? `${number(rows.length)} events` : `${number(rows.length)} of ${number(history.rows.length)} events`}
          {!loading.complete && (running ? ", following" : ", loading …")}
        </p>
      </div>
      {loading.error !== undefined && <Problem error={loading.error} retry={() => loader.retry()} />}
      <div class={event ? "beside" : ""}>
        {rows.length ? (
          <EventTable rows={rows} chosen={chosen} handle={handle} onChoose={choose} />
        ) : (
          <Empty title="No event matches">
            <button type="button" onClick={() => (setText(""), setKind("all"))}>
              Clear the filters
            </button>
          </Empty>
        )}
        {event && <EventPanel event={event} onChoose={choose} />}
      </div>
    </>
  );
}

interface TableProperties {
  rows: readonly EventRow[];
  chosen: number;
  handle: RefObject<RowsHandle | null>;
  onChoose: (id: number) => void;
}

function EventTable({ rows, chosen, handle, onChoose }: TableProperties) {
  return (
    <div class="card events" role="table" aria-label="Events" aria-rowcount={rows.length}>
      <div role="rowgroup">
        <div class="event-row event-head" role="row">
          <span role="columnheader" class="end">
            #
          </span>
          <span role="columnheader">Time</span>
          <span role="columnheader">Event</span>
          <span role="columnheader">State</span>
        </div>
      </div>
      <Rows count={rows.length} row={ROW} label="Events" handle={handle}>
        {(index) => {
          const row = rows[index];
          return row ? <EventCells row={row} chosen={row.id === chosen} onChoose={onChoose} /> : null;
        }}
      </Rows>
    </div>
  );
}

function EventCells({ row, chosen, onChoose }: { row: EventRow; chosen: boolean; onChoose: (id: number) => void }) {
  const bad = /Failed|TimedOut|Aborted/.test(row.type);
  return (
    <div class={`event-row ${chosen ? "chosen" : ""} ${bad ? "bad" : ""}`} role="presentation" onClick={() => onChoose(row.id)}>
      <span role="cell" class="end number muted">
        {row.id}
      </span>
      <span role="cell" class="number">
        {clock(row.time)}
      </span>
      <span role="cell">
        <button type="button" class="link" aria-pressed={chosen} aria-label={`Event ${row.id}, ${row.type}`}>
          {bad && <Icon name="failed" />} {row.type}
        </button>
      </span>
      <span role="cell" class="muted clipped">
        {row.state}
      </span>
    </div>
  );
}

function EventPanel({ event, onChoose }: { event: EventRow; onChoose: (id: number | undefined) => void }) {
  return (
    <aside class="card state-panel" aria-label={`Event ${event.id}`}>
      <header class="panel-head">
        <h2>
          {event.id} {event.type}
        </h2>
        <button type="button" class="plain panel-close" aria-label="Close" onClick={() => onChoose(undefined)}>
          <Icon name="close" />
        </button>
      </header>
      <p class="muted">
        {absolute(event.raw.timestamp)}
        {event.raw.previousEventId > 0 && (
          <>
            {", follows "}
            <button type="button" class="link" onClick={() => onChoose(event.raw.previousEventId)}>
              {event.raw.previousEventId}
            </button>
          </>
        )}
      </p>
      {event.state && <p>{event.state}</p>}
      <Json value={readable(event.raw)} label="event's details" />
    </aside>
  );
}
