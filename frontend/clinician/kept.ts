// What this phone has opened, kept for when there is no network: still sealed, as it came.

import type { MessageCard } from "../shared/message/words.ts";

const NAME = "nightbell-opened";
const SHELF = "messages";
const MOST = 50; // the newest; a phone is not an archive

function database(): Promise<IDBDatabase> {
  return new Promise((done, failed) => {
    const asked = indexedDB.open(NAME, 1);
    asked.onupgradeneeded = () => asked.result.createObjectStore(SHELF, { keyPath: "message_id" });
    asked.onsuccess = () => done(asked.result);
    asked.onerror = () => failed(asked.error ?? new Error("This browser keeps nothing."));
  });
}

function finished(deed: IDBTransaction): Promise<void> {
  return new Promise((done, failed) => {
    deed.oncomplete = () => done();
    deed.onerror = deed.onabort = () => failed(deed.error ?? new Error("This browser keeps nothing."));
  });
}

/** The card with its ciphertext; nothing that was opened. */
export function withoutWords(card: MessageCard): MessageCard {
  return { ...card, patient_mark: null };
}

export async function keep(card: MessageCard): Promise<void> {
  if (!card.sealed) return;
  const opened = await database();
  try {
    const deed = opened.transaction(SHELF, "readwrite");
    deed.objectStore(SHELF).put(withoutWords(card));
    await finished(deed);
  } finally {
    opened.close();
  }
  for (const old of (await kept()).slice(MOST)) await forget(old.message_id);
}

/** Newest first. */
export async function kept(): Promise<MessageCard[]> {
  const opened = await database();
  try {
    const asked = opened.transaction(SHELF, "readonly").objectStore(SHELF).getAll();
    const all = await new Promise<MessageCard[]>((done, failed) => {
      asked.onsuccess = () => done(asked.result as MessageCard[]);
      asked.onerror = () => failed(asked.error ?? new Error("This browser keeps nothing."));
    });
    return all.sort((a, b) => b.taken_at.localeCompare(a.taken_at));
  } finally {
    opened.close();
  }
}

async function forget(messageId: string): Promise<void> {
  const opened = await database();
  try {
    const deed = opened.transaction(SHELF, "readwrite");
    deed.objectStore(SHELF).delete(messageId);
    await finished(deed);
  } finally {
    opened.close();
  }
}

/** At sign-out: nothing stays on this phone, neither sealed messages nor what the worker kept to open them. */
export async function forgetAll(): Promise<void> {
  if ("caches" in globalThis) await caches.delete("nightbell-clinician-keys");
  await new Promise<void>((done) => {
    const asked = indexedDB.deleteDatabase(NAME);
    asked.onsuccess = asked.onerror = asked.onblocked = () => done();
  });
}
