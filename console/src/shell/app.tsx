/** The frame of every page: navigation, shortcuts, messages; and which page an address shows. */
import { signal } from "@preact/signals";
import type { ComponentChildren } from "preact";
import { useEffect, useRef } from "preact/hooks";
import { ApprovalsPage } from "../approvals/list";
import { ApprovalPage } from "../approvals/page";
import { Mark, SignIn } from "../auth/sign-in";
import { signOut, tokens, user } from "../auth/session";
import { FlowPage } from "../flows/page";
import { FlowsPage } from "../flows/list";
import { FunctionPage, FunctionsPage } from "../functions/pages";
import { RunPage } from "../run/page";
import { RunsPage } from "../runs/list";
import { Icon } from "../ui/icons";
import { Dialog } from "../ui/parts";
import { Empty } from "../ui/states";
import { UsagePage } from "../usage/page";
import { activeShortcuts, addShortcuts } from "./keyboard";
import { moveInList } from "./list-keys";
import { navigate, pageAt, segments } from "./router";
import { nextTheme, theme } from "./theme";
import { Toasts } from "./toasts";

const PAGES = [
  { name: "flows", title: "Flows", keys: "g f" },
  { name: "runs", title: "Runs", keys: "g r" },
  { name: "approvals", title: "Approvals", keys: "g a" },
  { name: "functions", title: "Functions", keys: "g u" },
  { name: "usage", title: "Usage", keys: "g s" },
];

const sheetOpen = signal(false);
const online = signal(navigator.onLine);
addEventListener("online", () => (online.value = true));
addEventListener("offline", () => (online.value = false));

export function App() {
  useEffect(
    () =>
      addShortcuts([
        ...PAGES.map((page) => ({ keys: page.keys, what: `Go to ${page.title}`, run: () => navigate(pageAt(page.name)) })),
        { keys: "/", what: "Search on this page", run: () => document.querySelector<HTMLInputElement>("[data-search]")?.focus() },
        { keys: "j", what: "Next row", run: () => moveInList(1) },
        { keys: "k", what: "Previous row", run: () => moveInList(-1) },
        { keys: "t", what: "Switch between light, dark and system", run: nextTheme },
        { keys: "?", what: "Show the shortcuts", run: () => (sheetOpen.value = !sheetOpen.value) },
      ]),
    [],
  );
  useFocusOnMain(segments.value.join("/"));
  if (!tokens.value) return <SignIn />;
  return (
    <>
      <a class="skip" href="#main">
        Skip to content
      </a>
      <Header />
      {!online.value && (
        <p class="banner" role="status">
          <Icon name="warning" /> You are offline. What you see may be out of date.
        </p>
      )}
      <main id="main" tabIndex={-1}>
        <Page />
      </main>
      <Toasts />
      {sheetOpen.value && <ShortcutSheet />}
    </>
  );
}

/** Moves the focus to the new page, so that screen readers read it and the tab order begins there. */
function useFocusOnMain(page: string): void {
  const last = useRef(page);
  useEffect(() => {
    if (last.current === page) return;
    last.current = page;
    document.getElementById("main")?.focus({ preventScroll: true });
  }, [page]);
}

function Header() {
  const here = segments.value[0] ?? "flows";
  return (
    <header class="top">
      <a class="brand" href={pageAt("flows")} aria-label="Workflows, start page">
        <Mark />
        <span>Workflows</span>
      </a>
      <nav aria-label="Main">
        {PAGES.map((page) => (
          <a key={page.name} href={pageAt(page.name)} aria-current={here === page.name ? "page" : undefined}>
            {page.title}
          </a>
        ))}
      </nav>
      <div class="top-end">
        <button type="button" class="plain" onClick={() => (sheetOpen.value = true)} aria-label="Keyboard shortcuts" title="Keyboard shortcuts (?)">
          <Icon name="keyboard" />
        </button>
        <button type="button" class="plain" onClick={nextTheme} aria-label={`Theme: ${theme.value}`} title={`Theme: ${theme.value} (t)`}>
          <Icon name={theme.value} />
        </button>
        <span class="who" title={user.value?.email}>
          {user.value?.email}
        </span>
        <button type="button" class="plain" onClick={() => void signOut()} aria-label="Sign out" title="Sign out">
          <Icon name="leave" />
        </button>
      </div>
    </header>
  );
}

function Page() {
  const [page = "flows", name, part] = segments.value;
  switch (page) {
    case "flows":
      return name ? <FlowPage key={name} name={name} /> : <FlowsPage />;
    case "runs":
      return name && part ? <RunPage key={part} flow={name} id={part} /> : <RunsPage />;
    case "approvals":
      return name ? <ApprovalPage key={name} id={name} /> : <ApprovalsPage />;
    case "functions":
      return name ? <FunctionPage key={name} name={name} /> : <FunctionsPage />;
    case "usage":
      return <UsagePage />;
    default:
      return (
        <Titled title="Not found">
          <Empty title="There is no such page">
            <a href={pageAt("flows")}>Go to the flows</a>
          </Empty>
        </Titled>
      );
  }
}

/** A page with its heading, which is the document's title as well. */
export function Titled({ title, actions, children }: { title: string; actions?: ComponentChildren; children: ComponentChildren }) {
  useEffect(() => {
    document.title = `${title} · Workflows`;
  }, [title]);
  return (
    <div class="page">
      <div class="page-head">
        <h1>{title}</h1>
        {actions && <div class="actions">{actions}</div>}
      </div>
      {children}
    </div>
  );
}

function ShortcutSheet() {
  return (
    <Dialog title="Keyboard shortcuts" onClose={() => (sheetOpen.value = false)}>
      <dl class="shortcuts">
        {activeShortcuts().map((shortcut) => (
          <div key={shortcut.keys}>
            <dt>
              {shortcut.keys.split(" ").map((key) => (
                <kbd key={key}>{key}</kbd>
              ))}
            </dt>
            <dd>{shortcut.what}</dd>
          </div>
        ))}
        <div>
          <dt>
            <kbd>Enter</kbd>
          </dt>
          <dd>Open the row</dd>
        </div>
      </dl>
    </Dialog>
  );
}
