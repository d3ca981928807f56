/** What the functions of a run have logged: filters, and following what comes. */
import type { RefObject } from "preact";
import { useEffect, useLayoutEffect, useMemo, useRef, useState } from "preact/hooks";
import { query, setQuery } from "../shell/router";
import { number } from "../ui/format";
import { CopyButton, Search } from "../ui/parts";
import { Empty, Problem, Skeleton } from "../ui/states";
import { Refusal } from "./error";
import { filtered, LEVELS, type Line } from "./log-filter";
import { LogLine } from "./log-lines";
import { useLogs, type LogLoader } from "./logs";
import { Rows, type RowsHandle } from "./virtual";

const ROW = 26;

export function Logs({ loader, running }: { loader: LogLoader; running: boolean }) {
  const { lines, loaded, complete, error } = useLogs(loader);
  const [text, setText] = useState("");
  const address = query.value;
  const level = address.get("level") ?? "";
  const state = address.get("logState") ?? "";
  const [follow, setFollow] = useState(running);
  const rows = useMemo(() => filtered(lines, { text, level, state }), [lines, text, level, state]);
  const states = useMemo(() => [...new Set(lines.map((line) => line.state).filter((name) => name !== null))].sort(), [lines]);
  const handle = useRef<RowsHandle>(null);
  useLayoutEffect(() => {
    if (follow) handle.current?.toEnd();
  }, [follow, rows.length]);
  useEffect(() => {
    if (!running) setFollow(false);
  }, [running]);
  if (error !== undefined && !lines.length) return <Refusal error={error} retry={() => loader.retry()} />;
  if (!loaded) return <Skeleton rows={8} />;
  return (
    <>
      <div class="toolbar" role="search" aria-label="Filter log lines">
        <Search value={text} onChange={setText} label="Text in a line" />
        <label class="field">
          <span>Level</span>
          <select value={level} onChange={(event) => setQuery({ level: event.currentTarget.value })}>
            <option value="">All</option>
            {LEVELS.map((item) => (
              <option key={item} value={item}>
                {item.charAt(0) + item.slice(1).toLowerCase()} and above
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>State</span>
          <select value={state} onChange={(event) => setQuery({ logState: event.currentTarget.value })}>
            <option value="">All</option>
            {states.map((name) => (
              <option key={name} value={name}>
                {name}
              </option>
            ))}
          </select>
        </label>
        {running && (
          <label class="check">
            <input type="checkbox" checked={follow} onChange={(event) => setFollow(event.currentTarget.checked)} /> Follow
          </label>
        )}
        <p class="muted toolbar-note" role="status">
          {rows.length === lines.length ? `${number(lines.length)} lines` : `${number(rows.length)} of ${number(lines.length)} lines`}
          {!complete && running && ", following"}
        </p>
        <CopyButton text={() => rows.map((line) => `${line.time} ${line.level} ${line.state ?? line.function} ${line.message}`).join("\n")} label="Copy these lines" />
      </div>
      {error !== undefined && <Problem error={error} retry={() => loader.retry()} />}
      {rows.length ? (
        <Lines rows={rows} handle={handle} onEnd={(atEnd) => running && follow && !atEnd && setFollow(false)} />
      ) : (
        <NoLines some={lines.length > 0} running={running} onClear={() => (setText(""), setQuery({ level: undefined, logState: undefined }))} />
      )}
    </>
  );
}

/** The lines; a click shows one in whole. */
function Lines({ rows, handle, onEnd }: { rows: readonly Line[]; handle: RefObject<RowsHandle | null>; onEnd: (atEnd: boolean) => void }) {
  const [chosen, setChosen] = useState<Line | undefined>();
  return (
    <div class="card log-card" role="table" aria-label="Log lines" aria-rowcount={rows.length}>
      <Rows count={rows.length} row={ROW} label="Log lines" handle={handle} onEnd={onEnd}>
        {(index) => {
          const line = rows[index];
          return line ? (
            <div role="cell" class={line === chosen ? "chosen" : ""} onClick={() => setChosen(line === chosen ? undefined : line)}>
              <LogLine line={line} withState />
            </div>
          ) : null;
        }}
      </Rows>
      {chosen && (
        <pre class="log-whole" tabIndex={0} aria-label="The whole line">
          {chosen.message}
        </pre>
      )}
    </div>
  );
}

function NoLines({ some, running, onClear }: { some: boolean; running: boolean; onClear: () => void }) {
  if (some) {
    return (
      <Empty title="No line matches">
        <button type="button" onClick={onClear}>
          Clear the filters
        </button>
      </Empty>
    );
  }
  return (
    <Empty title={running ? "No lines yet" : "This run logged nothing"}>
      <p>What functions print or log appears here when their invocation ends.</p>
    </Empty>
  );
}
