// What this tab keeps so that a reload during a live call does not ask for the passphrase again.
// The secrets lie encrypted in sessionStorage (this tab only, gone when it closes); the key that opens
// them lies in IndexedDB as a CryptoKey no script can read out. Neither is of use without the other.
import { fromBase64, toBase64, utf8 } from "../sealing/bytes.ts";
import type { PersonSecrets } from "../sealing/keys.ts";
import { closeUnder, openUnder } from "../sealing/passphrase.ts";

const PLACE = "nightbell.tab";
const USED = "nightbell.used";
const SHELF = "keys";
const OLD_MS = 24 * 3_600_000;

interface Kept {
  name: string; // of the key on the shelf
  personId: string;
  closed: string;
}

export async function keepInTab(personId: string, secrets: PersonSecrets): Promise<void> {
  try {
    const key = await crypto.subtle.generateKey({ name: "AES-GCM", length: 256 }, false, ["encrypt", "decrypt"]);
    const name = crypto.randomUUID();
    const closed = toBase64(await closeUnder(key, utf8(JSON.stringify(secrets))));
    await onShelf("readwrite", (shelf) => shelf.put({ key, at: Date.now() }, name));
    sessionStorage.setItem(PLACE, JSON.stringify({ name, personId, closed } satisfies Kept));
    await sweep();
  } catch {
    // Storage refused (a private window): a reload will ask for the passphrase, and nothing else is lost.
  }
}

export async function fromTab(personId: string): Promise<PersonSecrets | null> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as Kept | null;
    if (!kept || kept.personId !== personId) return null;
    const row = (await onShelf("readonly", (shelf) => shelf.get(kept.name))) as { key: CryptoKey } | undefined;
    if (!row) return null;
    return JSON.parse(new TextDecoder().decode(await openUnder(row.key, fromBase64(kept.closed)))) as PersonSecrets;
  } catch {
    return null;
  }
}

export async function wipeTab(): Promise<void> {
  try {
    const kept = JSON.parse(sessionStorage.getItem(PLACE) ?? "null") as Kept | null;
    sessionStorage.removeItem(PLACE);
    sessionStorage.removeItem(USED);
    if (kept) await onShelf("readwrite", (shelf) => shelf.delete(kept.name));
  } catch {
    // Nothing was kept.
  }
}

/** When somebody last touched this tab, also before a reload; null when nobody is known to have. */
export function usedAt(): number | null {
  try {
    return Number(sessionStorage.getItem(USED)) || null;
  } catch {
    return null;
  }
}

export function noteUsed(at: number): void {
  try {
    sessionStorage.setItem(USED, String(at));
  } catch {
    // Then a reload asks for the passphrase.
  }
}

/** Keys whose tab was closed are useless already; take them away all the same. */
async function sweep(): Promise<void> {
  const names = (await onShelf("readonly", (shelf) => shelf.getAllKeys())) as string[];
  for (const name of names) {
    const row = (await onShelf("readonly", (shelf) => shelf.get(name))) as { at: number } | undefined;
    if (row && Date.now() - row.at > OLD_MS) await onShelf("readwrite", (shelf) => shelf.delete(name));
  }
}

function onShelf<T>(mode: IDBTransactionMode, deed: (shelf: IDBObjectStore) => IDBRequest<T>): Promise<T> {
  return new Promise((done, failed) => {
    const opening = indexedDB.open("nightbell", 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore(SHELF);
    opening.onerror = () => failed(opening.error);
    opening.onsuccess = () => {
      const base = opening.result;
      const request = deed(base.transaction(SHELF, mode).objectStore(SHELF));
      request.onerror = () => failed(request.error);
      request.onsuccess = () => {
        done(request.result);
        base.close();
      };
    };
  });
}
