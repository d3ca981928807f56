/** The page of a visitor who is not signed in; also where a temporary password is replaced. */
import type { ComponentChildren } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/problem";
import { Icon } from "../ui/icons";
import { lazily } from "../ui/lazy";
import { findDemoUser, type DemoUser } from "./config";
import { challenge, expired, respond, signIn } from "./session";

const Key = lazily(async () => (await import("./key")).Key);

export function SignIn() {
  return (
    <main class="sign-in" id="main">
      <div class="card sign-in-card">
        <Mark />
        <Step />
      </div>
    </main>
  );
}

function Step() {
  switch (challenge.value?.kind) {
    case "password":
      return <NewPassword />;
    case "code":
      return <Code title="Enter the code" lead="Your authenticator app shows it." />;
    case "setup":
      return <SetUp />;
    default:
      return <Credentials />;
  }
}

export function Mark() {
  return (
    <svg class="mark" viewBox="0 0 32 32" aria-hidden="true">
      <rect width="32" height="32" rx="8" />
      <path d="M10 9v5a4 4 0 0 0 4 4h4a4 4 0 0 1 4 4v1M10 14v9" />
      <circle cx="10" cy="9" r="3" />
      <circle cx="10" cy="23" r="3" />
      <circle cx="22" cy="23" r="3" />
    </svg>
  );
}

/** Runs what a form does, and keeps its failure. */
function useSubmit(action: () => Promise<void>) {
  const [busy, setBusy] = useState(false);
  const [failure, setFailure] = useState("");
  const run = async (perform: () => Promise<void> = action) => {
    setBusy(true);
    setFailure("");
    try {
      await perform();
    } catch (error) {
      setFailure(messageOf(error));
    } finally {
      setBusy(false);
    }
  };
  return { busy, failure, run };
}

function Failure({ text }: { text: string }) {
  return (
    <p class="form-failure" role="alert">
      {text && (
        <>
          <Icon name="warning" /> {text}
        </>
      )}
    </p>
  );
}

function Credentials() {
  const [email, setEmail] = useState("");
  const [password, setPassword] = useState("");
  const [demo, setDemo] = useState<DemoUser>();
  const field = useRef<HTMLInputElement>(null);
  const { busy, failure, run } = useSubmit(() => signIn(email.trim(), password));
  useEffect(() => {
    field.current?.focus();
    findDemoUser().then(setDemo, () => undefined);
  }, []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <h1>Sign in</h1>
      <p class="muted">{expired.value ? "Your session has expired. Sign in to continue where you were." : "to your workflows"}</p>
      <label class="field">
        <span>Email</span>
        <input ref={field} type="email" name="email" autocomplete="username" required value={email} onInput={(event) => setEmail(event.currentTarget.value)} />
      </label>
      <label class="field">
        <span>Password</span>
        <input type="password" name="password" autocomplete="current-password" required value={password} onInput={(event) => setPassword(event.currentTarget.value)} />
      </label>
      <Failure text={failure} />
      <button type="submit" class="primary wide" disabled={busy}>
        {busy ? "Signing in …" : "Sign in"}
      </button>
      {demo && (
        <div class="demo">
          <p class="muted">This is a local cloud. It has a demo user, {demo.email}.</p>
          <button type="button" class="wide" disabled={busy} onClick={() => void run(() => signIn(demo.email, demo.password))}>
            Continue as demo user
          </button>
        </div>
      )}
    </form>
  );
}

function NewPassword() {
  const [password, setPassword] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const { busy, failure, run } = useSubmit(() => respond(password));
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <h1>Choose a password</h1>
      <p class="muted">The one you signed in with was temporary.</p>
      <label class="field">
        <span>New password</span>
        <input ref={field} type="password" autocomplete="new-password" minLength={12} required value={password} onInput={(event) => setPassword(event.currentTarget.value)} aria-describedby="password-rules" />
      </label>
      <p class="hint" id="password-rules">
        At least 12 characters, with upper and lower case, a digit and a symbol.
      </p>
      <Failure text={failure} />
      <button type="submit" class="primary wide" disabled={busy}>
        {busy ? "Saving …" : "Save and sign in"}
      </button>
      <Back />
    </form>
  );
}

function Back() {
  return (
    <button type="button" class="wide" onClick={() => (challenge.value = undefined)}>
      Back
    </button>
  );
}

/** Asks for the code that an authenticator app shows. */
function Code({ title, lead, children }: { title: string; lead: string; children?: ComponentChildren }) {
  const [code, setCode] = useState("");
  const field = useRef<HTMLInputElement>(null);
  const { busy, failure, run } = useSubmit(() => respond(code.replaceAll(/\s/g, "")));
  useEffect(() => field.current?.focus(), []);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        void run();
      }}
    >
      <h1>{title}</h1>
      <p class="muted">{lead}</p>
      {children}
      <label class="field">
        <span>Code</span>
        <input ref={field} class="code-field" type="text" inputMode="numeric" autocomplete="one-time-code" pattern="\s*([0-9]\s*){6}" title="Six digits" required value={code} onInput={(event) => setCode(event.currentTarget.value)} />
      </label>
      <Failure text={failure} />
      <button type="submit" class="primary wide" disabled={busy}>
        {busy ? "Checking …" : "Continue"}
      </button>
      <Back />
    </form>
  );
}

function SetUp() {
  const current = challenge.value;
  if (!current?.secret) return null;
  return (
    <Code title="Set up two-step sign-in" lead="Scan this with an authenticator app, or enter the key there. Then enter the code that the app shows.">
      <Key secret={current.secret} email={current.email} />
    </Code>
  );
}
