/** The functions: a list, and a page to try one. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import type { components } from "../api/schema";
import { Titled } from "../shell/app";
import { pageAt } from "../shell/router";
import { isRequired, propertiesOf, type Schema } from "../start/schema";
import { Start } from "../start/start";
import { duration } from "../ui/format";
import { Icon } from "../ui/icons";
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
                <p class="muted clip">{item.error ? mistake(item.error) : item.description.split("\n")[0]}</p>
              </td>
              <td class="mono muted">{item.error ? <Broken /> : fields(item.inputSchema as Schema | null)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </div>
  );
}

function Broken() {
  return (
    <span class="status status-failed">
      <Icon name="warning" /> Broken
    </span>
  );
}

/** Returns the names of an input's fields; optional ones have a question mark. */
function fields(schema: Schema | null): string {
  const names = propertiesOf(schema ?? {}).map(([name]) => (schema && isRequired(schema, name) ? name : `${name}?`));
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
          if (!found) {
            return (
              <Empty title="There is no such function" icon="search">
                <a href={pageAt("functions")}>All functions</a>
              </Empty>
            );
          }
          if (found.error) return <BrokenFunction error={found.error} />;
          return (
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
              <SchemaOf title="What it takes" schema={found.inputSchema} label="input schema" />
              <SchemaOf title="What it returns" schema={found.outputSchema} label="output schema" />
            </>
          );
        }}
      </Show>
    </Titled>
  );
}

/** A mistake in a line: where it is, and what. */
function mistake({ file, line, message }: NonNullable<Function["error"]>): string {
  return file ? `${file}${line ? `:${String(line)}` : ""}: ${message}` : message;
}

function BrokenFunction({ error }: { error: NonNullable<Function["error"]> }) {
  return (
    <>
      <p class="lead">
        <Broken /> This function can't be called until its file is corrected.
      </p>
      <ul class="findings card" aria-label="What is wrong">
        <li class="finding error">
          <Icon name="failed" label="error" />
          <div>
            <p>{error.message}</p>
            {error.file && (
              <p class="muted small mono">
                {error.file}
                {error.line !== null && `, line ${error.line}`}
              </p>
            )}
          </div>
        </li>
      </ul>
    </>
  );
}

function SchemaOf({ title, schema, label }: { title: string; schema: Record<string, unknown> | null; label: string }) {
  if (!schema || !Object.keys(schema).length) return null;
  return (
    <details class="card schema spaced">
      <summary>{title}</summary>
      <Json value={schema} label={label} />
    </details>
  );
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return text;
  }
}
