/** Small parts of many pages. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { toast } from "../shell/toasts";
import { absolute, between, relative, statusText } from "./format";
import { Icon, STATUS_ICONS } from "./icons";

/** The time, moved on every second while the page is visible. */
const now = signal(Date.now());
setInterval(() => document.hidden || (now.value = Date.now()), 1000);

export function Status({ status }: { status: string }) {
  return (
    <span class={`status status-${status.toLowerCase()}`}>
      <Icon name={STATUS_ICONS[status] ?? "pending"} />
      {statusText(status)}
    </span>
  );
}

/** A time as `3 minutes ago`, with the exact one as its title. */
export function Time({ at }: { at: string }) {
  return (
    <time dateTime={at} title={absolute(at)}>
      {relative(at, now.value)}
    </time>
  );
}

export function Duration({ start, stop }: { start: string; stop: string | null | undefined }) {
  return <span class="number">{between(start, stop, stop ? 0 : now.value)}</span>;
}

export function CopyButton({ text, label }: { text: string | (() => string); label: string }) {
  const copy = () =>
    navigator.clipboard.writeText(typeof text === "string" ? text : text()).then(
      () => toast("Copied."),
      () => toast("The browser refused to copy.", "failed"),
    );
  return (
    <button type="button" class="plain" aria-label={label} title={label} onClick={() => void copy()}>
      <Icon name="copy" />
    </button>
  );
}

/** A value as formatted JSON. */
export function Json({ value, label }: { value: unknown; label: string }) {
  const text = JSON.stringify(value, null, 2) ?? "";
  return (
    <div class="code-box">
      <CopyButton text={text} label={`Copy ${label}`} />
      <pre class="code" tabIndex={0} aria-label={label}>
        {text}
      </pre>
    </div>
  );
}

/** A search field; `/` moves the cursor into it. */
export function Search({ value, onChange, label }: { value: string; onChange: (value: string) => void; label: string }) {
  return (
    <label class="search">
      <Icon name="search" />
      <span class="hidden">{label}</span>
      <input type="search" placeholder={label} value={value} data-search onInput={(event) => onChange(event.currentTarget.value)} />
      <kbd aria-hidden="true">/</kbd>
    </label>
  );
}

export interface Tab {
  id: string;
  title: string;
  count?: number;
}

/** Tabs after the pattern of WAI-ARIA: one is in the tab order, arrow keys move between them. */
export function Tabs({ tabs, current, onChange, children }: { tabs: Tab[]; current: string; onChange: (id: string) => void; children: ComponentChildren }) {
  const list = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const tab = list.current?.querySelector<HTMLElement>(`#tab-${current}`);
    if (tab && list.current) list.current.scrollLeft = tab.offsetLeft - (list.current.clientWidth - tab.offsetWidth) / 2;
  }, [current]);
  const move = (event: KeyboardEvent) => {
    const step = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (!step) return;
    event.preventDefault();
    const index = tabs.findIndex((tab) => tab.id === current);
    const next = tabs[(index + step + tabs.length) % tabs.length];
    if (!next) return;
    onChange(next.id);
    list.current?.querySelector<HTMLElement>(`#tab-${next.id}`)?.focus();
  };
  return (
    <>
      <div class="tabs" role="tablist" ref={list} onKeyDown={move}>
        {tabs.map((tab) => (
          <button
            key={tab.id}
            type="button"
            role="tab"
            id={`tab-${tab.id}`}
            aria-selected={tab.id === current}
            aria-controls="tab-panel"
            tabIndex={tab.id === current ? 0 : -1}
            onClick={() => onChange(tab.id)}
          >
            {tab.title}
            {tab.count !== undefined && <span class="count">{tab.count}</span>}
          </button>
        ))}
      </div>
      <div class="tab-panel" role="tabpanel" id="tab-panel" aria-labelledby={`tab-${current}`}>
        {children}
      </div>
    </>
  );
}

/** A dialog that is open as long as it is rendered. */
export function Dialog({ title, onClose, wide = false, children }: { title: string; onClose: () => void; wide?: boolean; children: ComponentChildren }) {
  const element = useRef<HTMLDialogElement>(null);
  useEffect(() => element.current?.showModal(), []);
  return (
    <dialog ref={element} class={wide ? "wide" : undefined} onClose={onClose} aria-labelledby="dialog-title" onClick={(event) => event.target === element.current && element.current?.close()}>
      <div class="dialog-body">
        <header class="dialog-head">
          <h2 id="dialog-title">{title}</h2>
          <button type="button" class="plain" aria-label="Close" onClick={() => element.current?.close()}>
            <Icon name="close" />
          </button>
        </header>
        {children}
      </div>
    </dialog>
  );
}
