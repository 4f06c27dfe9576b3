// The typed way to the server: CSRF on every command, refusals as sentences, patience with a server that is coming back.
import createClient, { type Middleware } from "openapi-fetch";
import { learnTime } from "../time.ts";
import type { components, paths } from "./schema.d.ts";
import { lineDown, lineUp } from "./line.svelte.ts";

export type Schemas = components["schemas"];

/** The server said no, or could not be reached. `message` is a sentence for the person at the screen. */
export class Refusal extends Error {
  override name = "Refusal";
  readonly code: string;
  readonly status: number; // 0: no answer at all
  readonly facts: Record<string, unknown>;

  constructor(code: string, sentence: string, status: number, facts: Record<string, unknown> = {}) {
    super(sentence);
    this.code = code;
    this.status = status;
    this.facts = facts;
  }

  get unreachable(): boolean {
    return this.status === 0 || this.status >= 500;
  }
}

let csrf = "";
export function setCsrf(token: string): void {
  csrf = token;
}

const guard: Middleware = {
  onRequest({ request }) {
    if (request.method !== "GET" && csrf) request.headers.set("X-CSRF", csrf);
    return request;
  },
};

export const api = createClient<paths>({ baseUrl: "/", fetch: patientFetch, credentials: "same-origin" });
api.use(guard);

type Answered<T> = { data?: T; error?: unknown; response: Response };

/** The answer, or a Refusal: `const desk = await ask(api.GET("/api/desk"))`. */
export async function ask<T>(asked: Promise<Answered<T>>): Promise<T> {
  const { data, error, response } = await asked;
  if (response.ok) return data as T;
  throw refusal(response.status, error);
}

/** What an unhappy answer means, in a sentence; a body we cannot read still gets one. */
export function refusal(status: number, body: unknown): Refusal {
  if (isProblem(body)) return new Refusal(body.code, body.sentence, status, body.facts ?? {});
  if (status === 401) return new Refusal("not_signed_in", "Your session has ended. Sign in to go on.", 401);
  if (status === 422) {
    return new Refusal("bad_request", "The server could not read that entry. Reload this page and enter it again.", 422);
  }
  return new Refusal(
    "unreachable",
    `The server could not do that (${status}). Your entries are safe in this window; try again in a moment.`,
    status,
  );
}

/** The body of every refusal (`Problem` on the server). */
interface Problem {
  code: string;
  sentence: string;
  facts?: Record<string, unknown>;
}

function isProblem(body: unknown): body is Problem {
  return typeof body === "object" && body !== null && "sentence" in body && "code" in body;
}

const WAITS_MS = [300, 900, 2000];

/** Tries again when the server was away, but only what may safely arrive twice. */
export async function patientFetch(request: Request): Promise<Response> {
  const again = request.method !== "POST" ? WAITS_MS : [];
  for (let tried = 0; ; tried++) {
    const wait = again[tried];
    const sentAt = Date.now();
    try {
      const response = await fetch(wait === undefined ? request : request.clone());
      learnTime(response.headers.get("Date"), sentAt, Date.now());
      if (response.status !== 503 || wait === undefined) {
        if (response.status < 500) lineUp();
        return response;
      }
    } catch (failure) {
      if (request.signal.aborted) throw failure;
      lineDown();
      if (wait === undefined) throw noAnswer(request.method);
    }
    await new Promise((go) => setTimeout(go, wait));
  }
}

function noAnswer(method: string): Refusal {
  const sentence =
    method === "POST"
      ? "The server did not answer, so that may not have happened. It is tried again when you press it again."
      : "The server did not answer. Your entries are safe in this window; keep it open.";
  return new Refusal("no_answer", sentence, 0);
}

/** The sentence of anything that was thrown, for a Notice. */
export function sentenceOf(failure: unknown): string {
  if (failure instanceof Error && failure.message) return failure.message;
  return "That did not work, and this screen does not know why. Reload the page; nothing you typed is lost.";
}
