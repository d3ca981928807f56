/** The filters above the list of runs. They are kept in the address. */
import { useEffect, useState } from "preact/hooks";
import { useLoad } from "../api/load";
import { user } from "../auth/session";
import { query, setQuery } from "../shell/router";
import { statusText } from "../ui/format";
import { Icon } from "../ui/icons";
import { FILTERS, STATUSES, type Filter } from "./query";
import { recentUsers } from "./users";

const STARTED_BY = { user: "A user", schedule: "A schedule", run: "Another run", other: "Anything else" };

export function Filters() {
  const set = (name: Filter, value: string) => setQuery({ [name]: value || undefined });
  const parent = query.value.get("parent");
  const [open, setOpen] = useState(false);
  const active = FILTERS.filter((name) => query.value.get(name)).length;
  return (
    <div class={`toolbar filters ${open ? "open" : ""}`} role="search" aria-label="Filter runs">
      <button type="button" class="filters-toggle" aria-expanded={open} onClick={() => setOpen(!open)}>
        Filters {active > 0 && <span class="count">{active}</span>}
        <Icon name="down" />
      </button>
      <Text name="flow" label="Flow" onCommit={set} search />
      <Choice name="status" label="Status" any="Any" options={STATUSES.map((status) => [status, statusText(status)])} onChoose={set} />
      <Choice name="startedBy" label="Started by" any="Anything" options={Object.entries(STARTED_BY)} onChoose={set} />
      <Text name="from" label="From" type="datetime-local" onCommit={set} />
      <Text name="to" label="To" type="datetime-local" onCommit={set} />
      <Text name="error" label="Error" placeholder="Timeout" onCommit={set} />
      <Text name="label" label="Label" placeholder="order:42" onCommit={set} />
      {user.value?.isAdmin && <Whose onChoose={set} />}
      {parent && (
        <button type="button" class="filter-chip" onClick={() => set("parent", "")} aria-label={`Remove the filter: runs of ${parent}`}>
          of run <span class="mono">{parent.split(":").pop()?.slice(0, 13)}</span> <Icon name="close" />
        </button>
      )}
    </div>
  );
}

interface Chosen {
  name: Filter;
  label: string;
  any: string;
  options: readonly (readonly [string, string])[];
  onChoose: (name: Filter, value: string) => void;
}

function Choice({ name, label, any, options, onChoose }: Chosen) {
  const value = query.value.get(name) ?? "";
  const known = !value || options.some(([id]) => id === value);
  return (
    <label class="field">
      <span>{label}</span>
      <select key={options.map(([id]) => id).join()} value={value} onChange={(event) => onChoose(name, event.currentTarget.value)}>
        <option value="">{any}</option>
        {!known && <option value={value}>{value}</option>}
        {options.map(([id, text]) => (
          <option key={id} value={id}>
            {text}
          </option>
        ))}
      </select>
    </label>
  );
}

function Whose({ onChoose }: { onChoose: Chosen["onChoose"] }) {
  const users = useLoad("recent users", recentUsers);
  const options = [["all", "Everyone's"], ...(users.data ?? []).map((id) => [id, id] as const)] as const;
  return <Choice name="user" label="Whose" any="Mine" options={options} onChoose={onChoose} />;
}

interface TextFilter {
  name: Filter;
  label: string;
  type?: "text" | "datetime-local";
  placeholder?: string;
  search?: boolean;
  onCommit: (name: Filter, value: string) => void;
}

/** A filter that applies when its field is left or Enter is pressed: each one is a request. */
function Text({ name, label, type = "text", placeholder, search, onCommit }: TextFilter) {
  const kept = query.value.get(name) ?? "";
  const [value, setValue] = useState(kept);
  useEffect(() => setValue(kept), [kept]);
  const commit = () => value.trim() !== kept && onCommit(name, value.trim());
  const common = {
    value,
    placeholder,
    "data-search": search,
    onInput: (event: { currentTarget: HTMLInputElement }) => setValue(event.currentTarget.value),
    onBlur: commit,
    onKeyDown: (event: KeyboardEvent) => event.key === "Enter" && commit(),
  };
  return (
    <label class={`field ${type === "text" ? "" : "time-field"}`}>
      <span>{label}</span>
      {type === "text" ? <input type="text" {...common} /> : <input type="datetime-local" {...common} />}
    </label>
  );
}
