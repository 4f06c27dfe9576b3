// Whether this screen can reach the server, and since when it cannot. The call itself does not depend on it.
export const line = $state<{ offlineSince: Date | null }>({ offlineSince: null });

const ASK_EVERY_MS = 2000;
let asking: ReturnType<typeof setTimeout> | undefined;
const heard = new Set<() => void>();

export function lineDown(at: Date = new Date()): void {
  line.offlineSince ??= at;
  asking ??= setTimeout(askAgain, ASK_EVERY_MS);
}

export function lineUp(): void {
  clearTimeout(asking);
  asking = undefined;
  if (line.offlineSince === null) return;
  line.offlineSince = null;
  for (const told of heard) told();
}

/** Called each time the line comes back; returns a function that stops it. */
export function onLineUp(told: () => void): () => void {
  heard.add(told);
  return () => heard.delete(told);
}

async function askAgain(): Promise<void> {
  asking = undefined;
  try {
    const answer = await fetch("/healthz", { cache: "no-store" });
    // An answer with parts is web's own, out of the database: another part may still be coming back.
    if (answer.ok || (answer.status === 503 && "parts" in ((await answer.json()) as object))) return lineUp();
  } catch {
    // Still away: asked again below.
  }
  asking = setTimeout(askAgain, ASK_EVERY_MS);
}

if (typeof window !== "undefined") {
  window.addEventListener("offline", () => lineDown());
  window.addEventListener("online", () => void askAgain());
}
