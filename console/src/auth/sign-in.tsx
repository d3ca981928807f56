/** The page of a visitor who is not signed in; also where a temporary password is replaced. */
import { useEffect, useRef, useState } from "preact/hooks";
import { messageOf } from "../api/problem";
import { Icon } from "../ui/icons";
import { findDemoUser, type DemoUser } from "./config";
import { challenge, choosePassword, expired, signIn } from "./session";

export function SignIn() {
  return (
    <main class="sign-in" id="main">
      <div class="card sign-in-card">
        <Mark />
        {challenge.value ? <NewPassword /> : <Credentials />}
      </div>
    </main>
  );
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
  const { busy, failure, run } = useSubmit(() => choosePassword(password));
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
      <button type="button" class="wide" onClick={() => (challenge.value = undefined)}>
        Back
      </button>
    </form>
  );
}
