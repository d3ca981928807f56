/** A run in other forms: commands and programs that start it again. */
import type { Run } from "./model";

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`;
}

/** Returns a command that starts the flow with the input of a run. `$TOKEN` is left to the reader. */
export function asCurl(run: Run, api: string): string {
  const input = JSON.stringify(run.input ?? {});
  return [`curl -X POST ${quoted(`${api}/run/${encodeURIComponent(run.flow)}`)}`, `-H "Authorization: Bearer $TOKEN"`, `-H 'Content-Type: application/json'`, `-d ${quoted(input)}`].join(" \\\n    ");
}

/** Returns a program of the standard library that does the same. */
export function asPython(run: Run, api: string): string {
  const address = JSON.stringify(`${api}/run/${encodeURIComponent(run.flow)}`);
  return `import json
import os
import urllib.request

flow_input = ${literal(run.input ?? {}, 0)}
request = urllib.request.Request(
    ${address},
    data=json.dumps(flow_input).encode(),
    headers={"Authorization": f"Bearer {os.environ['TOKEN']}", "Content-Type": "application/json"},
)
with urllib.request.urlopen(request) as response:
    print(json.load(response))
`;
}

/** Returns the command that turns a run into a test. */
export function asTest(run: Run): string {
  const name = run.flow.replaceAll(/[^A-Za-z0-9_]/g, "_").toLowerCase();
  return `python -m compiler record ${run.executionId} > tests/own/test_${name}.py`;
}

/** Writes a JSON value as Python does. */
export function literal(value: unknown, depth: number): string {
  if (value === null || value === undefined) return "None";
  if (value === true) return "True";
  if (value === false) return "False";
  if (typeof value !== "object") return JSON.stringify(value);
  const inner = "    ".repeat(depth + 1);
  const outer = "    ".repeat(depth);
  const isArray = Array.isArray(value);
  const items = isArray ? value.map((item) => literal(item, depth + 1)) : Object.entries(value).map(([key, item]) => `${JSON.stringify(key)}: ${literal(item, depth + 1)}`);
  const [left, right] = isArray ? ["[", "]"] : ["{", "}"];
  const line = `${left}${items.join(", ")}${right}`;
  if (line.length + inner.length < 100 && !line.includes("\n")) return line;
  return `${left}\n${items.map((item) => `${inner}${item},\n`).join("")}${outer}${right}`;
}
