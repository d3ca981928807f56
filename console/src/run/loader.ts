/** Loads something for as long as anything on the page needs it. */
import { signal, type Signal } from "@preact/signals";

export interface LoaderState {
  complete: boolean;
  error: unknown;
}

export abstract class Loader<S extends LoaderState> {
  readonly state: Signal<S>;
  private users = 0;
  private controller: AbortController | undefined;

  constructor(start: S) {
    this.state = signal(start);
  }

  /** Loads until everything has come or the signal ends it, from where an earlier call ended. */
  protected abstract load(abort: AbortSignal): Promise<void>;

  /** Begins to load unless it has; returns what ends it when nobody needs it any more. */
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
}
