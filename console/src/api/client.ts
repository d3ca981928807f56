/** Calls the API with the user's token. The types of requests and answers come from its OpenAPI document. */
import createClient from "openapi-fetch";
import { freshToken, sessionEnded } from "../auth/session";
import { BASE } from "../shell/router";
import { problemOf } from "./problem";
import type { paths } from "./schema";

/** Where the API's paths begin: beside the console. */
export const API_URL = location.origin + BASE.replace(/\/console\/$|\/$/, "");

async function authorized(request: Request): Promise<Response> {
  const repeated = request.clone(); // a body can be sent only once
  const answer = await fetch(withToken(request, await freshToken()));
  if (answer.status !== 401) return answer;
  const again = await fetch(withToken(repeated, await freshToken(true)));
  if (again.status === 401) sessionEnded();
  return again;
}

function withToken(request: Request, token: string): Request {
  request.headers.set("Authorization", `Bearer ${token}`);
  return request;
}

export const api = createClient<paths>({ baseUrl: API_URL, fetch: authorized });

interface Reply<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

/** Returns the body of an answer; throws ApiProblem if the request failed. */
export async function ask<T>(reply: Promise<Reply<T>>): Promise<T> {
  const { data, error, response } = await reply;
  if (!response.ok) throw problemOf(response.status, error);
  return data as T;
}
