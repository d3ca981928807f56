/** Reads the causes of errors: Lambda's are JSON with a message and a trace. */

export interface Cause {
  message: string;
  trace: string;
}

/** Returns the message and the stack trace of a cause. A cause that is no JSON is the message. */
export function causeOf(cause: string | null | undefined): Cause {
  const text = cause ?? "";
  if (!text.startsWith("{")) return { message: text, trace: "" };
  try {
    const read = JSON.parse(text) as { errorMessage?: unknown; stackTrace?: unknown; Cause?: unknown };
    if (typeof read.errorMessage === "string") {
      const trace = Array.isArray(read.stackTrace) ? read.stackTrace.join("") : "";
      return { message: read.errorMessage, trace: trace.trimEnd() };
    }
    if (typeof read.Cause === "string" && read.Cause) return causeOf(read.Cause);
    return { message: JSON.stringify(read, null, 2), trace: "" };
  } catch {
    return { message: text, trace: "" };
  }
}
