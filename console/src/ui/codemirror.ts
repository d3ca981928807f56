/** The editor, loaded when the first one is shown. It lives in a shadow root: its styles then need no exception. */
import { defaultKeymap, history, historyKeymap, indentWithTab } from "@codemirror/commands";
import { json } from "@codemirror/lang-json";
import { yaml } from "@codemirror/lang-yaml";
import { bracketMatching, foldGutter, foldKeymap, HighlightStyle, indentOnInput, syntaxHighlighting } from "@codemirror/language";
import { lintGutter, setDiagnostics, type Diagnostic } from "@codemirror/lint";
import { EditorState } from "@codemirror/state";
import { drawSelection, EditorView, highlightActiveLine, keymap, lineNumbers } from "@codemirror/view";
import { tags } from "@lezer/highlight";

export interface LineFinding {
  line: number;
  column: number;
  severity: "error" | "warning" | "advice";
  message: string;
}

export interface Settings {
  value: string;
  language: "json" | "yaml";
  label: string;
  readOnly: boolean;
  findings: LineFinding[];
  onChange: (text: string) => void;
}

export interface Editor {
  setValue: (text: string) => void;
  setFindings: (findings: LineFinding[]) => void;
  destroy: () => void;
}

const theme = EditorView.theme({
  "&": { backgroundColor: "var(--surface)", color: "var(--text)", fontSize: "12.5px", maxHeight: "var(--editor-height, 560px)" },
  "&.cm-focused": { outline: "none" },
  ".cm-scroller": { fontFamily: "var(--mono)", lineHeight: "1.6", overflow: "auto" },
  ".cm-gutters": { backgroundColor: "var(--surface)", color: "var(--muted)", border: "none" },
  ".cm-activeLine, .cm-activeLineGutter": { backgroundColor: "var(--hover)" },
  ".cm-cursor": { borderLeftColor: "var(--text)" },
  "&.cm-focused > .cm-scroller > .cm-selectionLayer .cm-selectionBackground, .cm-selectionBackground": { backgroundColor: "var(--accent-soft)" },
  ".cm-foldPlaceholder": { backgroundColor: "var(--surface-2)", border: "none", color: "var(--muted)" },
  ".cm-tooltip": { backgroundColor: "var(--surface)", border: "1px solid var(--border)", borderRadius: "8px", color: "var(--text)" },
});

const colours = HighlightStyle.define([
  { tag: [tags.propertyName, tags.definition(tags.propertyName)], color: "var(--accent)" },
  { tag: [tags.string, tags.special(tags.string)], color: "var(--green)" },
  { tag: [tags.number, tags.bool, tags.null, tags.keyword], color: "var(--blue)" },
  { tag: tags.comment, color: "var(--muted)", fontStyle: "italic" },
]);

/** Shows an editor in an element. */
export function mount(host: HTMLElement, settings: Settings): Editor {
  const root = host.shadowRoot ?? host.attachShadow({ mode: "open" });
  let quiet = false;
  const state = EditorState.create({
    doc: settings.value,
    extensions: [
      lineNumbers(),
      foldGutter(),
      history(),
      drawSelection(),
      indentOnInput(),
      bracketMatching(),
      settings.language === "json" ? json() : yaml(),
      syntaxHighlighting(colours),
      theme,
      lintGutter(),
      EditorView.lineWrapping,
      keymap.of([...defaultKeymap, ...historyKeymap, ...foldKeymap, ...(settings.readOnly ? [] : [indentWithTab])]),
      EditorState.readOnly.of(settings.readOnly),
      ...(settings.readOnly ? [] : [highlightActiveLine()]),
      EditorView.contentAttributes.of({ "aria-label": settings.label, tabindex: "0" }),
      EditorView.updateListener.of((update) => {
        if (update.docChanged && !quiet) settings.onChange(update.state.doc.toString());
      }),
    ],
  });
  const view = new EditorView({ state, parent: root, root });
  const setFindings = (findings: LineFinding[]) => view.dispatch(setDiagnostics(view.state, findings.map((item) => diagnostic(view, item))));
  setFindings(settings.findings);
  return {
    setValue: (text) => {
      if (text === view.state.doc.toString()) return;
      quiet = true;
      view.dispatch({ changes: { from: 0, to: view.state.doc.length, insert: text } });
      quiet = false;
    },
    setFindings,
    destroy: () => view.destroy(),
  };
}

function diagnostic(view: EditorView, finding: LineFinding): Diagnostic {
  const line = view.state.doc.line(Math.max(1, Math.min(finding.line, view.state.doc.lines)));
  const from = Math.min(line.to, line.from + Math.max(0, finding.column - 1));
  return { from, to: line.to, severity: finding.severity === "advice" ? "info" : finding.severity, message: finding.message };
}
