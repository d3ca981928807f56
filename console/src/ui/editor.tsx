/** A text with line numbers and colours. Until the editor has been loaded, the plain text is shown. */
import { useEffect, useRef } from "preact/hooks";
import type { Editor as Mounted, LineFinding, Settings } from "./codemirror";

interface Properties {
  value: string;
  language: Settings["language"];
  label: string;
  onChange?: (text: string) => void;
  findings?: LineFinding[];
}

const NONE: LineFinding[] = [];

export function Editor({ value, language, label, onChange, findings = NONE }: Properties) {
  const host = useRef<HTMLDivElement>(null);
  const mounted = useRef<Mounted | undefined>(undefined);
  const latest = useRef({ value, onChange, findings });
  latest.current = { value, onChange, findings };
  const readOnly = onChange === undefined;
  useEffect(() => {
    let gone = false;
    void import("./codemirror").then(({ mount }) => {
      if (gone || !host.current) return;
      const { value: text, findings: found } = latest.current;
      mounted.current = mount(host.current, { value: text, language, label, readOnly, findings: found, onChange: (changed) => latest.current.onChange?.(changed) });
    });
    return () => {
      gone = true;
      mounted.current?.destroy();
      mounted.current = undefined;
    };
  }, [language, label, readOnly]);
  useEffect(() => mounted.current?.setValue(value), [value]);
  useEffect(() => mounted.current?.setFindings(findings), [findings]);
  return (
    <div class="editor" ref={host} data-editor={label}>
      <pre tabIndex={0} aria-label={label}>
        {value}
      </pre>
    </div>
  );
}
