/** Short messages at the edge of the page; screen readers read them. */
import { signal } from "@preact/signals";
import { Icon } from "../ui/icons";

interface Toast {
  id: number;
  kind: "done" | "failed";
  text: string;
}

const SECONDS = 6;
const shown = signal<Toast[]>([]);
let last = 0;

/** Shows a message for a few seconds; one about a failure stays until it is closed. */
export function toast(text: string, kind: Toast["kind"] = "done"): void {
  const id = ++last;
  shown.value = [...shown.value.slice(-3), { id, kind, text }];
  if (kind === "done") setTimeout(() => close(id), SECONDS * 1000);
}

function close(id: number): void {
  shown.value = shown.value.filter((item) => item.id !== id);
}

export function Toasts() {
  return (
    <div class="toasts" role="status" aria-live="polite">
      {shown.value.map((item) => (
        <div class={`toast ${item.kind}`} key={item.id}>
          <Icon name={item.kind === "done" ? "succeeded" : "failed"} />
          <span>{item.text}</span>
          <button type="button" class="plain" aria-label="Close message" onClick={() => close(item.id)}>
            <Icon name="close" />
          </button>
        </div>
      ))}
    </div>
  );
}
