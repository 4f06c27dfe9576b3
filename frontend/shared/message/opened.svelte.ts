// What this browser has opened of sealed messages: in memory only, gone the moment the lock closes.

import { SvelteMap } from "svelte/reactivity";
import { Refusal } from "../api/client.ts";
import { onLineUp } from "../api/line.svelte.ts";
import { open, type Opened } from "../sealing/index.ts";
import { Locked, onLock, unlock, unlocked } from "../session/index.ts";
import type { MessageCard } from "./words.ts";

export type Reading =
  | { state: "opening" }
  | { state: "open"; opened: Opened }
  | { state: "shut"; sentence: string };

const readings = new SvelteMap<string, Reading>();
const lockState = $state({ open: unlocked() });

onLock((isOpen) => {
  lockState.open = isOpen;
  if (!isOpen) readings.clear();
});

// What could not be checked for want of a network is tried again when there is one.
onLineUp(() => {
  for (const [id, reading] of readings) if (reading.state === "shut") readings.delete(id);
});

export const lockOf = {
  get open(): boolean {
    return lockState.open;
  },
};

/** Opens by what this tab kept; false when the passphrase must be asked for. */
export async function tryUnlock(): Promise<boolean> {
  lockState.open = await unlock().catch(() => false);
  return lockState.open;
}

export function readingOf(messageId: string): Reading | undefined {
  return readings.get(messageId);
}

/** The words of a message if they are open here. */
export function wordsOf(messageId: string | null | undefined): Opened | null {
  const reading = messageId ? readings.get(messageId) : undefined;
  return reading?.state === "open" ? reading.opened : null;
}

/** Open one sealed message; a second asking while it opens does nothing. True when its words are here. */
export async function read(card: MessageCard): Promise<boolean> {
  const now = readings.get(card.message_id);
  if (now?.state === "open") return true;
  if (now || !card.sealed || !lockState.open) return false; // on its way, or it will not open here
  readings.set(card.message_id, { state: "opening" });
  const outcome = await opening(card, card.sealed);
  if (outcome && lockState.open) readings.set(card.message_id, outcome);
  else readings.delete(card.message_id);
  if (outcome === null) lockState.open = false; // the keys are gone: the screen asks for them again
  return outcome?.state === "open";
}

async function opening(card: MessageCard, sealed: string): Promise<Reading | null> {
  try {
    // With the card: a message the server shows in another's place is refused, in a sentence.
    return { state: "open", opened: await open(sealed, card) };
  } catch (failure) {
    if (failure instanceof Locked) return null;
    if (failure instanceof Refusal && failure.unreachable)
      return { state: "shut", sentence: "The keys to check it by are not on this device, and there is no network." };
    return { state: "shut", sentence: failure instanceof Error && failure.message ? failure.message : SHUT };
  }
}

const SHUT = "Your key does not open this message.";

/** Open many, one after another, so that the screen stays quick; `each` hears of every newly opened one. */
export async function readAll(cards: readonly MessageCard[], each?: (card: MessageCard) => void): Promise<void> {
  for (const card of cards) {
    const before = wordsOf(card.message_id) !== null;
    if ((await read(card)) && !before) each?.(card);
  }
}
