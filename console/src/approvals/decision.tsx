/** How an approval was answered, in a word and a sign. */
import type { components } from "../api/schema";
import { Icon } from "../ui/icons";

export type Given = NonNullable<components["schemas"]["Approval"]["answer"]>;

export function Decision({ answer }: { answer: Given }) {
  const approved = answer.decision === "approve";
  return (
    <span class={`status status-${approved ? "succeeded" : "failed"}`}>
      <Icon name={approved ? "succeeded" : "failed"} />
      {approved ? "Approved" : "Rejected"}
    </span>
  );
}

/** Returns who has answered, as people are told: by email, by id, or somebody who had the link. */
export function answeredBy({ by }: Given): string {
  return by.via === "link" ? "somebody with the link" : (by.email ?? by.id ?? "an account");
}
