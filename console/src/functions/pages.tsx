/** The functions: a list, and a page to try one. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import type { components } from "../api/schema";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import type { Schema } from "../start/schema";
import { Start } from "../start/start";
import { duration } from "../ui/format";
import { Json, Search } from "../ui/parts";
import { matches } from "../ui/search";
import { Empty, Show } from "../ui/states";

type Function = components["schemas"]["Functions"]["functions"][number];

const load = (signal: AbortSignal) => ask(api.GET("/lib", { signal }));

export function FunctionsPage() {
  const functions = useLoad("functions", load);
  const [text, setText] = useState("");
  return (
    <Titled title="Functions">
      <div class="toolbar">
        <Search value={text} onChange={setText} label="Search functions" />
      </div>
      <Show of={functions} rows={8}>
        {(data) => <FunctionsTable functions={data.functions.filter((item) => matches(`${item.name} ${item.description}`, text))} any={data.count > 0} />}
      </Show>
    </Titled>
  );
}

function FunctionsTable({ functions, any }: { functions: Function[]; any: boolean }) {
  if (!functions.length) {
    return any ? (
      <Empty title="No function matches" />
    ) : (
      <Empty title="No functions yet">
        <p>
          Add <code>chalicelib/lib/NAME/handler.py</code>; it appears here.
        </p>
      </Empty>
    );
  }
  return (
    <div class="card table-box">
      <table>
        <thead>
          <tr>
            <th scope="col">Function</th>
            <th scope="col">Takes</th>
          </tr>
        </thead>
        <tbody>
          {functions.map((item) => (
            <tr key={item.name}>
              <td>
                <a class="row-link" data-row href={pageAt("functions", item.name)}>
                  {item.name}
                </a>{" "}
                {item.plugin && <span class="chip">{item.plugin}</span>}
                <p class="muted clip">{item.description.split("\n")[0]}</p>
              </td>
              <td class="mono muted">{fields(item.inputSchema as Schema | null)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

/** Returns the names of an input's fields; optional ones have a question mark. */
function fields(schema: Schema | null): string {
  if (schema === null) return "can't be imported";
  const names = Object.keys(schema.properties ?? {}).map((name) => (schema.required?.includes(name) ? name : `${name}?`));
  return names.join(", ") || "any event";
}

interface Result {
  milliseconds: number;
  value: unknown;
}

export function FunctionPage({ name }: { name: string }) {
  const functions = useLoad("functions", load);
  const [result, setResult] = useState<Result>();
  const send = async (input: Record<string, unknown>) => {
    const began = performance.now();
    const reply = api.POST("/lib/{function_name}", { params: { path: { function_name: name } }, body: input, parseAs: "text" });
    const text = String((await ask(reply as Promise<{ data?: unknown; error?: unknown; response: Response }>)) ?? "");
    setResult({ milliseconds: performance.now() - began, value: parsed(text) });
  };
  return (
    <Titled title={name}>
      <Show of={functions}>
        {(data) => {
          const found = data.functions.find((item) => item.name === name);
          return found ? (
            <>
              {found.description && <p class="lead muted pre">{found.description}</p>}
              <Start what={`function ${name}`} schema={found.inputSchema as Schema | null} action="Call the function" send={send} />
              {result && (
                <section class="section spaced" aria-live="polite">
                  <h2>
                    Result <span class="muted">after {duration(result.milliseconds)}</span>
                  </h2>
                  <Json value={result.value} label="result" />
                </section>
              )}
              {found.outputSchema && Object.keys(found.outputSchema).length > 0 && (
                <section class="section spaced">
                  <h2>What it returns</h2>
                  <Json value={found.outputSchema} label="output schema" />
                </section>
              )}
            </>
          ) : (
            <Empty title="There is no such function">
              <a href={pageAt("functions")}>All functions</a>
            </Empty>
          );
        }}
      </Show>
    </Titled>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
