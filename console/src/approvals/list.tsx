/** What waits for the reader's answer, and what has been answered: a list for each status, with pages. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { useRefresh } from "../api/refresh";
import type { components } from "../api/schema";
import { user } from "../auth/session";
import { Titled } from "../shell/app";
import { pageAt, query, setQuery } from "../shell/router";
import { Tabs, Time } from "../ui/parts";
import { Empty, Problem, Show } from "../ui/states";
import { Decision } from "./decision";
import { STATUSES, statusOf, type Status } from "./statuses";

export type Approval = components["schemas"]["Approval"];

export function ApprovalsPage() {
  const status = statusOf(query.value.get("status"));
  return (
    <Titled title="Approvals">
      <Tabs tabs={[...STATUSES]} current={status} onChange={(id) => setQuery({ status: id === "pending" ? undefined : id })}>
        <Approvals key={status} status={status} />
      </Tabs>
    </Titled>
  );
}

const page = (status: Status, signal?: AbortSignal, nextToken?: string) =>
  ask(api.GET("/approvals", { params: { query: { status, ...(nextToken ? { nextToken } : {}) } }, ...(signal ? { signal } : {}) }));

function Approvals({ status }: { status: Status }) {
  const first = useLoad(`approvals ${status}`, (signal) => page(status, signal));
  const [older, setOlder] = useState<{ approvals: Approval[]; nextToken?: string }>();
  const [problem, setProblem] = useState<unknown>();
  const [loading, setLoading] = useState(false);
  const shown = [...(first.data?.approvals ?? []), ...(older?.approvals ?? [])];
  useRefresh(status === "pending" && !older, shown.map((item) => item.id).join(), first.reload);
  const next = older ? older.nextToken : first.data?.nextToken;
  const more = async () => {
    setLoading(true);
    setProblem(undefined);
    try {
      const found = await page(status, undefined, next);
      const approvals = [...(older?.approvals ?? []), ...found.approvals];
      setOlder(found.nextToken ? { approvals, nextToken: found.nextToken } : { approvals });
    } catch (error) {
      setProblem(error);
    } finally {
      setLoading(false);
    }
  };
  return (
    <Show of={first} rows={6}>
      {() => (
        <>
          {shown.length ? <ApprovalsTable approvals={shown} status={status} /> : !next && <None status={status} />}
          {problem !== undefined && <Problem error={problem} />}
          {next && (
            <p class="pager">
              <button type="button" disabled={loading} onClick={() => void more()}>
                {loading ? "Loading …" : "Show older ones"}
              </button>
            </p>
          )}
        </>
      )}
    </Show>
  );
}

function ApprovalsTable({ approvals, status }: { approvals: Approval[]; status: Status }) {
  return (
    <div class="card table-box">
      <table class="flows approvals">
        <thead>
          <tr>
            <th scope="col">Approval</th>
            <th scope="col">Flow</th>
            <th scope="col">Asked</th>
            <th scope="col">{{ pending: "Expires", answered: "Answer", expired: "Expired" }[status]}</th>
          </tr>
        </thead>
        <tbody>
          {approvals.map((item) => (
            <tr key={item.id}>
              <td>
                <a class="row-link" data-row href={pageAt("approvals", item.id)}>
                  {item.title}
                </a>
                <p class="muted clip">{item.message}</p>
              </td>
              <td class="flow-name" title={item.flow ?? undefined}>
                {item.flow}
              </td>
              <td class="when">
                <span class="phone-only">asked </span>
                <Time at={item.created} />
              </td>
              <td class="when">{item.answer ? <Decision answer={item.answer} /> : <Expiry at={item.expires} status={status} />}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Expiry({ at, status }: { at: string; status: Status }) {
  return (
    <>
      <span class="phone-only">{status === "pending" ? "expires " : "expired "}</span>
      <Time at={at} />
    </>
  );
}

function None({ status }: { status: Status }) {
  if (status !== "pending") return <Empty title={status === "answered" ? "Nothing was answered yet" : "Nothing has expired"} />;
  return (
    <Empty title={user.value?.isAdmin ? "Nothing waits for an answer" : "Nothing waits for your answer"}>
      <p>
        A step <code>approve:</code> of a flow asks here, and the run waits.
      </p>
    </Empty>
  );
}
