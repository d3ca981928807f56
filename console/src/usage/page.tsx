/** How many calls a user has made in each month. */
import { useEffect, useRef, useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { user } from "../auth/session";
import { Titled } from "../shell/app";
import { query, setQuery } from "../shell/router";
import { number } from "../ui/format";
import { Empty, Show } from "../ui/states";

interface Month {
  yearMonth: string;
  apiCalls: number;
}

export function UsagePage() {
  const chosen = query.value.get("user") ?? "";
  const usage = useLoad(`usage ${chosen}`, (signal) =>
    ask(chosen ? api.GET("/usage/{user_id}", { params: { path: { user_id: chosen } }, signal }) : api.GET("/usage", { signal })),
  );
  return (
    <Titled title="Usage">
      {user.value?.isAdmin && <ChooseUser />}
      <Show of={usage} rows={5}>
        {(data) => (data.usage.length ? <Months months={data.usage} /> : <Empty title="No calls yet" />)}
      </Show>
    </Titled>
  );
}

function ChooseUser() {
  const kept = query.value.get("user") ?? "";
  const [value, setValue] = useState(kept);
  return (
    <form
      class="toolbar"
      onSubmit={(event) => {
        event.preventDefault();
        setQuery({ user: value.trim() || undefined });
      }}
    >
      <label class="field">
        <span>User id</span>
        <input type="text" class="mono" value={value} placeholder="yours" data-search onInput={(event) => setValue(event.currentTarget.value)} />
      </label>
      <button type="submit">Show</button>
    </form>
  );
}

function Months({ months }: { months: Month[] }) {
  const total = months.reduce((sum, month) => sum + month.apiCalls, 0);
  const last = months[months.length - 1];
  return (
    <>
      <dl class="card facts">
        <div>
          <dt>This month</dt>
          <dd class="big number">{number(last?.apiCalls ?? 0)}</dd>
        </div>
        <div>
          <dt>{months.length === 1 ? "In all" : `All ${months.length} months`}</dt>
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
            {months.toReversed().map((month) => (
              <tr key={month.yearMonth}>
                <td>{month.yearMonth}</td>
                <td class="end number">{number(month.apiCalls)}</td>
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
