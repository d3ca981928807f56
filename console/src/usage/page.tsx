/** How many calls a user has made in each month. */
import { useEffect, useMemo, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { user } from "../auth/session";
import { recentUsers } from "../runs/users";
import { Titled } from "../shell/app";
import { query, setQuery } from "../shell/router";
import { month, number } from "../ui/format";
import { Icon } from "../ui/icons";
import { Empty, Show } from "../ui/states";
import { everyMonth, type Month } from "./months";
import { problemOfId } from "./user-id";

export function UsagePage() {
  const chosen = query.value.get("user") ?? "";
  const usage = useLoad(`usage ${chosen}`, (signal) =>
    ask(chosen ? api.GET("/usage/{user_id}", { params: { path: { user_id: chosen } }, signal }) : api.GET("/usage", { signal })),
  );
  return (
    <Titled title="Usage">
      {user.value?.isAdmin && <ChooseUser />}
      <Show of={usage} rows={5}>
        {(data) =>
          data.usage.length ? (
            <Months usage={data.usage} />
          ) : (
            <Empty title="No calls yet">
              {chosen && (
                <p>
                  The user <code>{chosen}</code> has made no calls, or there is no such user.
                </p>
              )}
            </Empty>
          )
        }
      </Show>
    </Titled>
  );
}

function ChooseUser() {
  const kept = query.value.get("user") ?? "";
  const [value, setValue] = useState(kept);
  const [problem, setProblem] = useState("");
  const users = useLoad("recent users", recentUsers);
  useEffect(() => setValue(kept), [kept]);
  const show = (id: string) => {
    const found = problemOfId(id);
    setProblem(found);
    if (!found) setQuery({ user: id || undefined });
  };
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        show(value.trim());
      }}
    >
      <label class="field user-field">
        <span>User id</span>
        <input
          type="text"
          class="mono"
          value={value}
          placeholder="yours"
          list="known-users"
          autocomplete="off"
          data-search
          aria-invalid={problem ? true : undefined}
          aria-describedby={problem ? "user-problem" : undefined}
          onInput={(event) => setValue(event.currentTarget.value)}
        />
      </label>
      <datalist id="known-users">
        {(users.data ?? []).map((id) => (
          <option key={id} value={id} />
        ))}
      </datalist>
      <button type="submit">Show</button>
      {kept && (
        <button type="button" onClick={() => show("")}>
          Show yours
        </button>
      )}
      {problem && (
        <p class="field-problem toolbar-problem" id="user-problem" role="alert">
          <Icon name="warning" /> {problem}
        </p>
      )}
    </form>
  );
}

function Months({ usage }: { usage: Month[] }) {
  const months = useMemo(() => everyMonth(usage), [usage]);
  const total = months.reduce((sum, item) => sum + item.apiCalls, 0);
  const last = months[months.length - 1];
  return (
    <>
      <dl class="card facts">
        <div>
          <dt>{last ? month(last.yearMonth) : ""}</dt>
          <dd class="big number">{number(last?.apiCalls ?? 0)}</dd>
        </div>
        <div>
          <dt>{months.length === 1 ? "In all" : `In all, ${months.length} months`}</dt>
          <dd class="big number">{number(total)}</dd>
        </div>
      </dl>
      <Chart months={months} />
      <details class="card table-box spaced">
        <summary>As a table</summary>
        <table>
          <thead>
            <tr>
              <th scope="col">Month</th>
              <th scope="col" class="end">
                Calls
              </th>
            </tr>
          </thead>
          <tbody>
            {months.toReversed().map((item) => (
              <tr key={item.yearMonth}>
                <td>{month(item.yearMonth)}</td>
                <td class="end number">{number(item.apiCalls)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </details>
    </>
  );
}

function Chart({ months }: { months: Month[] }) {
  const host = useRef<HTMLDivElement>(null);
  useEffect(() => {
    let end: (() => void) | undefined;
    let gone = false;
    void import("./chart").then(({ draw }) => {
      if (!gone && host.current) end = draw(host.current, months);
    });
    return () => {
      gone = true;
      end?.();
    };
  }, [months]);
  return <div class="card chart" ref={host} role="img" aria-label="Calls by month; the table below has the numbers" />;
}
