/** Loads the events of a run page by page, when something needs them, and follows them while the run is running. */
import { useEffect } from "preact/hooks";
import { api, ask } from "../api/client";
import { pauseAfter, rest } from "./follow";
import { History, shortened, type RawEvent } from "./history";
import { Loader, type LoaderState } from "./loader";

const LIMIT = 1000;
const PART = 250;
/** Of a long history, only the beginnings of inputs and outputs are kept: a browser tab has no room for all of them. */
const FEW = 2000;
const LONGEST = 100_000;
const LONGEST_OF_MANY = 2000;
/** Pages after which an answer with something new is no longer one of many. */
const FOLLOWING = 99;

export interface Loading extends LoaderState {
  history: History;
  /** Counts up when events have been added, since the history is the same object. */
  version: number;
}

export class HistoryLoader extends Loader<Loading> {
  private token: string | undefined;

  constructor(
    private readonly flow: string,
    private readonly id: string,
    /** Whether the run is still running, at the moment of the call. */
    private readonly running: () => boolean,
  ) {
    super({ history: new History(), version: 0, complete: false, error: undefined });
  }

  protected async load(abort: AbortSignal): Promise<void> {
    let pause = 0;
    let asked = this.page(this.token, abort);
    for (;;) {
      const { page, wasRunning } = await asked;
      if (page.nextToken) {
        asked = this.page(page.nextToken, abort); // it comes while this one is read
        asked.catch(() => undefined); // it fails when it is awaited
      }
      const { history } = this.state.value;
      const before = history.rows.length;
      await this.take(page.events as unknown as RawEvent[], abort);
      if (abort.aborted) return;
      this.token = page.nextToken ?? this.token; // only now: a page that was read in part is read again
      const changed = history.rows.length > before;
      const complete = !page.nextToken && !wasRunning;
      if (changed || complete) this.state.value = { ...this.state.value, version: this.state.value.version + 1, complete };
      if (complete) return;
      if (page.nextToken) continue;
      pause = Math.max(1000, pauseAfter(pause, changed, FOLLOWING));
      await rest(pause, abort);
      if (abort.aborted) return;
      asked = this.page(this.token, abort);
    }
  }

  private async page(token: string | undefined, abort: AbortSignal) {
    const wasRunning = this.running(); // before the request: an event between the two is in the answer
    const path = { flow_name: this.flow, execution_id: this.id };
    const query = { limit: LIMIT, ...(token ? { nextToken: token } : {}) };
    return { wasRunning, page: await ask(api.GET("/run/{flow_name}/{execution_id}/history", { params: { path, query }, signal: abort })) };
  }

  /** Reads a page in parts, so that the browser can draw between them. */
  private async take(events: RawEvent[], abort: AbortSignal): Promise<void> {
    for (let at = 0; at < events.length && !abort.aborted; at += PART) {
      const { history } = this.state.value;
      const longest = history.rows.length < FEW ? LONGEST : LONGEST_OF_MANY;
      history.add(events.slice(at, at + PART).map((event) => shortened(event, longest)));
      await new Promise((resolve) => setTimeout(resolve));
    }
  }
}

/** Returns what is loaded of a history; loads it while `active`. */
export function useHistory(loader: HistoryLoader, active = true): Loading {
  useEffect(() => (active ? loader.need() : undefined), [loader, active]);
  return loader.state.value;
}
