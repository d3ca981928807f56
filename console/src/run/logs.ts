/** Loads what the functions of a run have logged, and follows it. */
import { signal, type Signal } from "@preact/signals";
import { useEffect } from "preact/hooks";
import { api, ask } from "../api/client";
import { pauseAfter, rest } from "./follow";
import type { Line } from "./log-filter";

export interface LogState {
  /** By time. */
  lines: readonly Line[];
  loaded: boolean;
  complete: boolean;
  error: unknown;
}

export class LogLoader {
  readonly state: Signal<LogState> = signal({ lines: [], loaded: false, complete: false, error: undefined });
  private users = 0;
  private controller: AbortController | undefined;
  private token: string | undefined;

  constructor(
    private readonly flow: string,
    private readonly id: string,
  ) {}

  need(): () => void {
    this.users += 1;
    if (this.users === 1 && !this.state.value.complete) this.retry();
    return () => {
      this.users -= 1;
      if (this.users === 0) this.controller?.abort();
    };
  }

  retry(): void {
    this.controller?.abort();
    const controller = new AbortController();
    this.controller = controller;
    this.state.value = { ...this.state.value, error: undefined };
    this.load(controller.signal).catch((error: unknown) => {
      if (!controller.signal.aborted) this.state.value = { ...this.state.value, error };
    });
  }

  private async load(abort: AbortSignal): Promise<void> {
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
