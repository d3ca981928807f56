/** What went wrong with a request, as a sentence for people. */

export interface FieldProblem {
  field: string;
  message: string;
}

export class ApiProblem extends Error {
  constructor(
    readonly status: number,
    message: string,
    readonly fields: FieldProblem[] = [],
    readonly requestId?: string,
  ) {
    super(message);
  }
}

interface Document {
  detail?: unknown;
  title?: unknown;
  requestId?: unknown;
  errors?: unknown;
}

/** Returns the problem that an answer describes (RFC 9457), or one made of its status. */
export function problemOf(status: number, body: unknown): ApiProblem {
  const document: Document = typeof body === "object" && body !== null ? body : {};
  const detail = [document.detail, document.title].find((text) => typeof text === "string" && text) as string | undefined;
  const fields = Array.isArray(document.errors) ? (document.errors as FieldProblem[]) : [];
  const id = typeof document.requestId === "string" ? document.requestId : undefined;
  return new ApiProblem(status, detail ?? `The service answered with status ${status}.`, fields, id);
}

/** Returns what any thrown value says. */
export function messageOf(error: unknown): string {
  if (error instanceof ApiProblem) return error.message;
  if (error instanceof TypeError) return "The service can't be reached. Check your connection.";
  return error instanceof Error ? error.message : String(error);
}
