// News from the server: hints by id, gathered and handed on once a frame; after a gap, "look for yourself".
import { lineDown, lineUp } from "./api/line.svelte.ts";

export interface News {
  kind: string; // offer.made, desk.changed, call.changed, ... ; `hello`: look for yourself
  ids: Record<string, string>;
}

const KINDS = [
  "hello", "offer.made", "desk.changed", "call.changed", "page.made", "page.changed",
  "message.changed", "escalation.changed", "floor.changed",
];
const AGAIN_MS = [500, 1000, 2000, 4000];

/** Listen until the returned function is called. A batch never holds the same hint twice. */
export function listen(heard: (batch: News[]) => void, address = "/api/news"): () => void {
  const gather = oncePerFrame(heard);
  let source: EventSource | undefined;
  let again: ReturnType<typeof setTimeout> | undefined;
  let failures = 0;

  function open(): void {
    source = new EventSource(address);
    source.onopen = () => {
      failures = 0;
      lineUp();
    };
    source.onerror = () => {
      // The browser resumes by itself (Last-Event-ID) unless the server closed the door.
      if (source?.readyState !== EventSource.CLOSED) return lineDown();
      source.close();
      lineDown();
      again = setTimeout(open, AGAIN_MS[Math.min(failures++, AGAIN_MS.length - 1)]);
    };
    for (const kind of KINDS) {
      source.addEventListener(kind, (event) => gather(read(kind, (event as MessageEvent<string>).data)));
    }
  }

  open();
  return () => {
    clearTimeout(again);
    source?.close();
  };
}

export function read(kind: string, data: string): News {
  try {
    const told = JSON.parse(data) as { ids?: Record<string, string> };
    return { kind, ids: told.ids ?? {} };
  } catch {
    return { kind: "hello", ids: {} }; // not understood: looking for oneself is always right
  }
}

/** Gathers hints and hands them on together. A hidden tab draws no frames, yet an offer must reach it. */
export function oncePerFrame(
  heard: (batch: News[]) => void,
  later: (run: () => void) => void = (run) =>
    document.hidden ? setTimeout(run, 50) : requestAnimationFrame(run),
): (one: News) => void {
  let batch = new Map<string, News>();
  return (one) => {
    if (batch.size === 0) {
      later(() => {
        const all = [...batch.values()];
        batch = new Map();
        heard(all);
      });
    }
    batch.set(one.kind + JSON.stringify(one.ids), one);
  };
}
