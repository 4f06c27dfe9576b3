// A pretend server for looking at screens while developing: MOCK=1 vite. Never part of a build.
import type { IncomingMessage, ServerResponse } from "node:http";
import type { Plugin } from "vite";

export interface Asked {
  method: string;
  path: string;
  body: unknown;
}
export type Route = (asked: Asked) => unknown; // undefined: 204
export class No extends Error {
  readonly status: number;
  readonly code: string;
  constructor(status: number, code: string, sentence: string) {
    super(sentence);
    this.status = status;
    this.code = code;
  }
}

export function mock(): Plugin {
  const listening = new Set<ServerResponse>();
  const tell = (kind: string, ids: Record<string, string> = {}) => {
    for (const one of listening) one.write(`event: ${kind}\ndata: ${JSON.stringify({ ids })}\n\n`);
  };
  return {
    name: "nightbell-mock",
    configureServer(server) {
      server.middlewares.use(async (request, response, next) => {
        const address = new URL(request.url ?? "/", "http://mock");
        const path = address.pathname;
        if (!path.startsWith("/api") && path !== "/healthz") return next();
        if (path === "/api/news") return openNews(response, listening);
        // Loaded afresh by vite, so that a scene can be edited while the screen stands.
        const { routes } = (await server.ssrLoadModule("/dev/routes.ts")) as {
          routes: (tell: (kind: string, ids?: Record<string, string>) => void) => Record<string, Route>;
        };
        await answer(routes(tell), request, response, path + address.search);
      });
    },
  };
}

function openNews(response: ServerResponse, listening: Set<ServerResponse>): void {
  response.writeHead(200, { "Content-Type": "text/event-stream", "Cache-Control": "no-store" });
  response.write("event: hello\ndata: {}\n\n");
  listening.add(response);
  response.on("close", () => listening.delete(response));
}

async function answer(
  table: Record<string, Route>, request: IncomingMessage, response: ServerResponse, address: string,
): Promise<void> {
  const method = request.method ?? "GET";
  const path = address.split("?")[0] ?? "";
  const key = Object.keys(table).find((one) => {
    const [verb, pattern] = one.split(" ") as [string, string];
    return verb === method && new RegExp(`^${pattern.replaceAll("*", "[^/]+")}$`).test(path);
  });
  const send = (status: number, body: unknown) => {
    response.writeHead(status, { "Content-Type": "application/json" });
    response.end(body === undefined ? "" : JSON.stringify(body));
  };
  try {
    const text = await new Promise<string>((done) => {
      let all = "";
      request.on("data", (part) => (all += String(part))).on("end", () => done(all));
    });
    const route = key ? table[key] : undefined;
    if (!route) throw new No(404, "not_found", `The mock has no ${method} ${path}.`);
    const given = await route({ method, path: address, body: text ? JSON.parse(text) : undefined });
    send(given === undefined ? 204 : 200, given);
  } catch (failure) {
    // Two copies of this module may be loaded, so a No is known by its shape.
    const no = (failure as No).code ? (failure as No) : new No(500, "broken", String(failure));
    send(no.status, { code: no.code, sentence: no.message, facts: {} });
  }
}
