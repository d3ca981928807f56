/** States as the API answers them. */
import type { State } from "../../src/run/model";

export function state(name: string, more: Partial<State> = {}): State {
  const path = `/States/${name}`;
  const time = "2026-01-01T00:00:00.000Z";
  return { path, name, type: "Task", status: "SUCCEEDED", entered: time, exited: time, attempts: 1, error: null, cause: null, input: null, output: null, visits: 1, ...more };
}
