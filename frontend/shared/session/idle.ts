// Nobody has touched the screen for an hour: the keys are forgotten, the call and the sign-in stay.
import { noteUsed, usedAt } from "./tab.ts";

export const IDLE_MS = 60 * 60_000;
const SIGNS = ["pointerdown", "keydown"] as const;
const NOTED_EVERY_MS = 10_000;

let watching: ReturnType<typeof setInterval> | undefined;
let touchedAt = 0;

/** Somebody is here. A screen calls it too while a call is live: listening is not idleness. */
export function touch(): void {
  const now = Date.now();
  if (now - touchedAt > NOTED_EVERY_MS) noteUsed(now);
  touchedAt = now;
}

export function watchIdle(lock: () => void): void {
  stopWatching();
  touchedAt = 0;
  touch();
  if (typeof window === "undefined") return;
  for (const sign of SIGNS) window.addEventListener(sign, touch, { passive: true, capture: true });
  watching = setInterval(() => {
    if (Date.now() - touchedAt >= IDLE_MS) lock();
  }, NOTED_EVERY_MS);
}

export function stopWatching(): void {
  clearInterval(watching);
  if (typeof window === "undefined") return;
  for (const sign of SIGNS) window.removeEventListener(sign, touch, { capture: true });
}

/** Whether this tab was in use within the last hour, also before a reload. */
export function wasInUse(): boolean {
  const at = usedAt();
  return at !== null && Date.now() - at < IDLE_MS;
}
