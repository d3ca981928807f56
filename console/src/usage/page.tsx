import { Titled } from "../shell/app";

export function UsagePage() {
  return <Titled title="Usage">…</Titled>;
}
