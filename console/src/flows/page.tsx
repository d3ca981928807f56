/** The page of one flow. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import type { components } from "../api/schema";
import { user } from "../auth/session";
import { Graph } from "../graph/graph";
import { RunsTable } from "../runs/table";
import { Titled } from "../shell/app";
import { navigate, pageAt, query, setQuery } from "../shell/router";
import { toast } from "../shell/toasts";
import type { Schema } from "../start/schema";
import { Start } from "../start/start";
import { Editor } from "../ui/editor";
import { Icon } from "../ui/icons";
import { Json, Tabs, type Tab } from "../ui/parts";
import { Empty, Show } from "../ui/states";
import { BrokenFlow, Findings } from "./broken";
import { Schedule } from "./list";
import { whose } from "./recent";

type Details = components["schemas"]["FlowDetails"];

const TABS: Tab[] = [
  { id: "graph", title: "Graph" },
  { id: "start", title: "Start" },
  { id: "definition", title: "Definition" },
  { id: "code", title: "Functions and permissions" },
  { id: "runs", title: "Runs" },
];

export function FlowPage({ name }: { name: string }) {
  const found = useLoad(`flow ${name}`, async (signal) => {
    try {
      return await ask(api.GET("/flows/{flow_name}", { params: { path: { flow_name: name }, query: { details: true } }, signal }));
    } catch (error) {
      const broken = (await ask(api.GET("/flows", { signal }))).broken?.find((flow) => flow.name === name);
      if (broken) return broken;
      throw error;
    }
  });
  const tab = query.value.get("tab") ?? "graph";
  const show = (id: string) => setQuery({ tab: id === "graph" ? undefined : id, state: undefined });
  const works = found.data && "definition" in found.data;
  return (
    <Titled
      title={name}
      actions={
        works && tab !== "start" ? (
          <button type="button" class="primary" onClick={() => show("start")}>
            <Icon name="play" /> Start
          </button>
        ) : undefined
      }
    >
      <Show of={found}>
        {(data) =>
          "definition" in data ? (
            <>
              <Summary flow={data} />
              <Tabs tabs={TABS} current={tab} onChange={show}>
                <Panel tab={tab} flow={data} />
              </Tabs>
            </>
          ) : (
            <BrokenFlow flow={data} />
          )
        }
      </Show>
    </Titled>
  );
}

function Summary({ flow }: { flow: Details }) {
  const labels = Object.entries(flow.labels ?? {});
  return (
    <>
      {flow.description && <p class="lead muted">{flow.description}</p>}
      <dl class="card facts">
        <div>
          <dt>Type</dt>
          <dd>{flow.type === "EXPRESS" ? "Express" : "Standard"}</dd>
        </div>
        <div>
          <dt>Schedule</dt>
          <dd>
            <Schedule flow={flow} />
          </dd>
        </div>
        <div>
          <dt>File</dt>
          <dd class="mono">{flow.file ?? "–"}</dd>
        </div>
        <div>
          <dt>May be started by</dt>
          <dd>{flow.accessGroups?.length ? `members of ${flow.accessGroups.join(", ")}` : "every user"}</dd>
        </div>
        {labels.length > 0 && (
          <div>
            <dt>Labels of its runs</dt>
            <dd>
              {labels.map(([name, path]) => (
                <div key={name}>
                  {name} <code class="muted">{path}</code>
                </div>
              ))}
            </dd>
          </div>
        )}
      </dl>
    </>
  );
}

function Panel({ tab, flow }: { tab: string; flow: Details }) {
  switch (tab) {
    case "start":
      return <StartFlow flow={flow} />;
    case "definition":
      return <Definition flow={flow} />;
    case "code":
      return <Code flow={flow} />;
    case "runs":
      return <FlowRuns name={flow.name} />;
    default:
      return <FlowGraph flow={flow} />;
  }
}

/** Returns the part of a document that a JSON pointer names. */
export function at(document: unknown, pointer: string): unknown {
  let value = document;
  for (const token of pointer.split("/").slice(1)) {
    const key = token.replaceAll("~1", "/").replaceAll("~0", "~");
    value = typeof value === "object" && value !== null ? (value as Record<string, unknown>)[key] : undefined;
  }
  return value;
}

function FlowGraph({ flow }: { flow: Details }) {
  const selected = query.value.get("state") ?? undefined;
  const state = selected ? at(flow.definition, selected) : undefined;
  if (!flow.graph) return <Empty title="No graph" />;
  return (
    <div class={state ? "beside" : ""}>
      <Graph graph={flow.graph} label={`States of ${flow.name}`} selected={selected} onSelect={(path) => setQuery({ state: path === selected ? undefined : path })} />
      {state !== undefined && selected && (
        <aside class="section" aria-label="Selected state">
          <h2>{selected.split("/").pop()}</h2>
          <Json value={state} label="state's definition" />
        </aside>
      )}
    </div>
  );
}

/** Why a user may not start a flow. */
function NotPermitted({ groups }: { groups: string[] }) {
  const own = user.value?.groups ?? [];
  return (
    <Empty title={`Only members of ${groups.join(", ")} can start this flow`} icon="locked">
      <p>
        {own.length ? `You are a member of ${own.join(", ")}.` : "You are not a member of any group."} An administrator of the user pool can add you; sign in again afterwards.
      </p>
    </Empty>
  );
}

function StartFlow({ flow }: { flow: Details }) {
  const send = async (input: Record<string, unknown>) => {
    const started = await ask(
      api.POST("/run/{flow_name}", {
        params: { path: { flow_name: flow.name }, header: { "Idempotency-Key": crypto.randomUUID() } },
        body: input,
      }),
    );
    toast(`${flow.name} was started.`);
    navigate(pageAt("runs", flow.name, started.executionId));
  };
  const groups = flow.accessGroups ?? [];
  if (groups.length && !user.value?.isAdmin && !groups.some((group) => user.value?.groups.includes(group))) return <NotPermitted groups={groups} />;
  return <Start what={`flow ${flow.name}`} schema={flow.inputSchema as Schema | null} action="Start the flow" send={send} />;
}

function Definition({ flow }: { flow: Details }) {
  const [written, setWritten] = useState(flow.source !== undefined && flow.source !== "");
  const json = JSON.stringify(flow.definition, null, 2);
  return (
    <>
      <Findings findings={flow.findings ?? []} />
      <div class="choice" role="group" aria-label="Form of the definition">
        <button type="button" aria-pressed={written} disabled={!flow.source} onClick={() => setWritten(true)}>
          As written
        </button>
        <button type="button" aria-pressed={!written} onClick={() => setWritten(false)}>
          Resolved JSON
        </button>
      </div>
      {written ? (
        <Editor key="yaml" value={flow.source ?? ""} language="yaml" label={`${flow.file ?? flow.name}, as written`} findings={flow.findings ?? []} />
      ) : (
        <Editor key="json" value={json} language="json" label="Definition as JSON" />
      )}
      {flow.inputSchema && (
        <section class="section spaced">
          <h2>Input schema</h2>
          <Json value={flow.inputSchema} label="input schema" />
        </section>
      )}
    </>
  );
}

function Code({ flow }: { flow: Details }) {
  return (
    <>
      <section class="section">
        <h2>Functions</h2>
        {flow.uses?.length ? (
          <div class="card table-box">
            <table>
              <thead>
                <tr>
                  <th scope="col">Name in the flow</th>
                  <th scope="col">Function</th>
                  <th scope="col">Code</th>
                  <th scope="col" class="end">
                    Timeout
                  </th>
                  <th scope="col" class="end">
                    Memory
                  </th>
                </tr>
              </thead>
              <tbody>
                {flow.uses.map((use) => (
                  <tr key={use.alias}>
                    <td>{use.alias}</td>
                    <td>
                      <a href={pageAt("functions", use.function)}>{use.function}</a>
                    </td>
                    <td class="mono">{use.file}</td>
                    <td class="end number">{use.timeout} s</td>
                    <td class="end number">{use.memory} MB</td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          <p class="muted">This flow calls no functions of the project.</p>
        )}
      </section>
      {flow.references?.length ? (
        <section class="section">
          <h2>Flows that it starts</h2>
          <p>
            {flow.references.map((name) => (
              <a class="chip" key={name} href={pageAt("flows", name)}>
                {name}
              </a>
            ))}
          </p>
        </section>
      ) : null}
      <section class="section">
        <h2>What its role may do</h2>
        {flow.permissions?.length ? (
          <div class="card table-box" tabIndex={0} role="region" aria-label="What its role may do">
            <table>
              <thead>
                <tr>
                  <th scope="col">Effect</th>
                  <th scope="col">Actions</th>
                  <th scope="col">Resources</th>
                </tr>
              </thead>
              <tbody>
                {flow.permissions.map((item) => (
                  <tr key={item.sid}>
                    <td>{item.effect}</td>
                    <td class="mono">{item.actions.map((action) => <div key={action}>{action}</div>)}</td>
                    <td class="mono">
                      {item.resources.map((resource) => <div key={resource}>{resource}</div>)}
                      {item.note && <p class="hint">{item.note}</p>}
                    </td>
                  </tr>
                ))}
              </tbody>
            </table>
          </div>
        ) : (
          <p class="muted">Nothing.</p>
        )}
      </section>
    </>
  );
}

function FlowRuns({ name }: { name: string }) {
  const runs = useLoad(`runs of ${name}`, (signal) => ask(api.GET("/runs", { params: { query: { flow: name, limit: 20, ...whose() } }, signal })));
  return (
    <Show of={runs} kind="runs">
      {(data) =>
        data.executions.length ? (
          <>
            <RunsTable rows={data.executions} withFlow={false} withUser={user.value?.isAdmin ?? false} />
            <p class="pager">
              <a href={`${pageAt("runs")}?${new URLSearchParams({ flow: name, ...whose() }).toString()}`}>All runs of {name}</a>
            </p>
          </>
        ) : (
          <Empty title="No runs yet" />
        )
      }
    </Show>
  );
}
