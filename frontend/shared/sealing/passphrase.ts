// From a passphrase to two secrets: one proves who signs in, the other opens the person's keys.
import { argon2id } from "hash-wasm";
import { utf8 } from "./bytes.ts";
import { WrongKey } from "./faults.ts";
import type { PersonSecrets } from "./keys.ts";

export interface Kdf {
  name?: "argon2id" | undefined;
  memory_kib?: number | undefined;
  passes?: number | undefined;
  lanes?: number | undefined;
}
export interface Derived {
  verifier: Uint8Array<ArrayBuffer>; // sent at sign-in
  kek: Uint8Array<ArrayBuffer>; // opens the person's keys; never leaves the device
}

export const STANDARD = { name: "argon2id", memory_kib: 65536, passes: 3, lanes: 1 } as const;
const NONCE = 12;
const BOUND_TO = utf8("nightbell/wrapped");

/** Half a second of work on the calling thread: screens go through `derive` in derive.ts instead. */
export async function deriveHere(passphrase: string, salt: Uint8Array, kdf: Kdf = STANDARD): Promise<Derived> {
  const stretched = await argon2id({
    password: utf8(passphrase.normalize("NFKC")),
    salt,
    memorySize: kdf.memory_kib ?? STANDARD.memory_kib,
    iterations: kdf.passes ?? STANDARD.passes,
    parallelism: kdf.lanes ?? STANDARD.lanes,
    hashLength: 32,
    outputType: "binary",
  });
  const key = await crypto.subtle.importKey("raw", new Uint8Array(stretched), "HKDF", false, ["deriveBits"]);
  return { verifier: await expand(key, "nightbell/verifier"), kek: await expand(key, "nightbell/kek") };
}

async function expand(key: CryptoKey, purpose: string): Promise<Uint8Array<ArrayBuffer>> {
  const hkdf = { name: "HKDF", hash: "SHA-256", salt: new Uint8Array(0), info: utf8(purpose) };
  return new Uint8Array(await crypto.subtle.deriveBits(hkdf, key, 256));
}

/** The person's secret keys, closed: what the server may keep. */
export async function wrap(keys: PersonSecrets, kek: Uint8Array<ArrayBuffer>): Promise<Uint8Array> {
  const words = utf8(JSON.stringify({ age: keys.age, sign: keys.sign }));
  return closeUnder(await importKek(kek), words);
}

export async function unwrap(wrapped: Uint8Array<ArrayBuffer>, kek: Uint8Array<ArrayBuffer>): Promise<PersonSecrets> {
  return JSON.parse(new TextDecoder().decode(await openUnder(await importKek(kek), wrapped))) as PersonSecrets;
}

export async function closeUnder(key: CryptoKey, words: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const nonce = crypto.getRandomValues(new Uint8Array(NONCE));
  const aes = { name: "AES-GCM", iv: nonce, additionalData: BOUND_TO };
  const closed = new Uint8Array(await crypto.subtle.encrypt(aes, key, words));
  const whole = new Uint8Array(NONCE + closed.length);
  whole.set(nonce);
  whole.set(closed, NONCE);
  return whole;
}

export async function openUnder(key: CryptoKey, whole: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  const aes = { name: "AES-GCM", iv: whole.slice(0, NONCE), additionalData: BOUND_TO };
  try {
    return new Uint8Array(await crypto.subtle.decrypt(aes, key, whole.slice(NONCE)));
  } catch {
    throw new WrongKey();
  }
}

function importKek(kek: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  return crypto.subtle.importKey("raw", kek, "AES-GCM", false, ["encrypt", "decrypt"]);
}
