import { Titled } from "../shell/app";

export function FunctionsPage() {
  return <Titled title="Functions">…</Titled>;
}
export function FunctionPage({ name }: { name: string }) {
  return <Titled title={name}>…</Titled>;
}
