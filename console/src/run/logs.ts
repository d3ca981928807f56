/** Loads what the functions of a run have logged, and follows it. */
import { useEffect } from "preact/hooks";
import { api, ask } from "../api/client";
import { pauseAfter, rest } from "./follow";
import { Loader, type LoaderState } from "./loader";
import type { Line } from "./log-filter";

export interface LogState extends LoaderState {
  /** By time. */
  lines: readonly Line[];
  loaded: boolean;
}

export class LogLoader extends Loader<LogState> {
  private token: string | undefined;

  constructor(
    private readonly flow: string,
    private readonly id: string,
  ) {
    super({ lines: [], loaded: false, complete: false, error: undefined });
  }

  protected async load(abort: AbortSignal): Promise<void> {
    const path = { flow_name: this.flow, execution_id: this.id };
    let pause = 0;
    for (let pages = 1; !abort.aborted; pages++) {
      const query = { limit: 1000, ...(this.token ? { nextToken: this.token } : {}) };
      const page = await ask(api.GET("/run/{flow_name}/{execution_id}/logs", { params: { path, query }, signal: abort }));
      const { lines } = this.state.value;
      const all = page.lines.length ? [...lines, ...page.lines].sort((first, second) => first.time.localeCompare(second.time)) : lines;
      this.state.value = { lines: all, loaded: true, complete: !page.nextToken, error: undefined };
      this.token = page.nextToken;
      if (!this.token) return;
      pause = pauseAfter(pause, page.lines.length > 0, pages);
      await rest(pause, abort);
    }
  }
}

export function useLogs(loader: LogLoader): LogState {
  useEffect(() => loader.need(), [loader]);
  return loader.state.value;
}
