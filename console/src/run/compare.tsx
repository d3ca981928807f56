/** The difference between the data of two states, of this run or of another one of the flow. */
import { useState } from "preact/hooks";
import { api, ask } from "../api/client";
import { useLoad } from "../api/load";
import { absolute, statusText } from "../ui/format";
import { Problem } from "../ui/states";
import { Changes } from "./changes";
import { useStates } from "./follow";
import { keyOf, type Run, type State } from "./model";
import { place } from "./address";

type Part = "input" | "output" | "variables";

/** Returns a part of a state; its variables are those after it. */
function partOf(state: State, part: Part): unknown {
  return part === "variables" ? { ...state.variables, ...state.assigned } : state[part];
}

export function Compare({ run, state, states }: { run: Run; state: State; states: readonly State[] }) {
  const [part, setPart] = useState<Part>("input");
  const [otherPart, setOtherPart] = useState<Part>("output");
  const [otherKey, setOtherKey] = useState(keyOf(state));
  const [otherRun, setOtherRun] = useState("");
  const { path, iteration } = place();
  const runs = useLoad(`runs to compare ${run.flow}`, (signal) => ask(api.GET("/runs", { params: { query: { flow: run.flow, limit: 50 } }, signal })));
  const elsewhere = useStates(otherRun ? { flow: run.flow, id: otherRun, path, iteration } : undefined, `compare ${otherRun} ${iteration}`);
  const choices = otherRun ? elsewhere.states : states;
  const other = choices.find((item) => keyOf(item) === otherKey) ?? choices.find((item) => keyOf(item) === keyOf(state));
  const chooseRun = (id: string) => {
    setOtherRun(id);
    setOtherKey(keyOf(state));
    setOtherPart(id ? part : "output");
  };
  return (
    <section class="section" aria-label="Difference">
      <h3>Difference</h3>
      <div class="compare-choice">
        <PartChoice label="Compare this state's" value={part} onChange={setPart} />
        <PartChoice label="with the" value={otherPart} onChange={setOtherPart} />
        <label class="field">
          <span>of</span>
          <select aria-label="of the state" value={other ? keyOf(other) : ""} onChange={(event) => setOtherKey(event.currentTarget.value)}>
            {choices.map((item) => (
              <option key={keyOf(item)} value={keyOf(item)}>
                {item.name}
              </option>
            ))}
          </select>
        </label>
        <label class="field">
          <span>in</span>
          <select aria-label="in the run" value={otherRun} onChange={(event) => chooseRun(event.currentTarget.value)}>
            <option value="">this run</option>
            {runs.data?.executions
              .filter((item) => item.executionId !== run.executionId)
              .map((item) => (
                <option key={item.executionId} value={item.executionId}>
                  {absolute(item.startDate)}, {statusText(item.status).toLowerCase()}
                </option>
              ))}
          </select>
        </label>
      </div>
      {otherRun && elsewhere.error !== undefined && <Problem error={elsewhere.error} />}
      {other ? <Changes before={partOf(state, part)} after={partOf(other, otherPart)} /> : <p class="muted">{otherRun && !elsewhere.loaded ? "Loading …" : "That run did not reach this state."}</p>}
    </section>
  );
}

function PartChoice({ label, value, onChange }: { label: string; value: Part; onChange: (part: Part) => void }) {
  return (
    <label class="field">
      <span>{label}</span>
      <select value={value} onChange={(event) => onChange(event.currentTarget.value as Part)}>
        <option value="input">input</option>
        <option value="output">output</option>
        <option value="variables">variables</option>
      </select>
    </label>
  );
}
