/** The page of one flow. */
import { Titled } from "../shell/app";

export function FlowPage({ name }: { name: string }) {
  return <Titled title={name}>…</Titled>;
}
