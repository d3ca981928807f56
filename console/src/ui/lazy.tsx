import type { ComponentType } from "preact";
import { useEffect, useState } from "preact/hooks";
import { Problem, Skeleton } from "./states";

/** Returns a component whose code is loaded when it is first shown. */
export function lazily<P extends object>(load: () => Promise<ComponentType<P>>): ComponentType<P> {
  let loaded: ComponentType<P> | undefined;
  return function Lazy(properties: P) {
    const [, setReady] = useState(loaded !== undefined);
    const [error, setError] = useState<unknown>();
    const [turn, setTurn] = useState(0);
    useEffect(() => {
      if (loaded) return;
      load().then(
        (component) => {
          loaded = component;
          setReady(true);
        },
        (failure: unknown) => setError(failure),
      );
    }, [turn]);
    if (loaded) {
      const Loaded = loaded;
      return <Loaded {...properties} />;
    }
    return error === undefined ? <Skeleton rows={4} /> : <Problem error={error} retry={() => (setError(undefined), setTurn(turn + 1))} />;
  };
}
