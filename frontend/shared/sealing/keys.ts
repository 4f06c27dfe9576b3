// Keys made and closed in the browser: a person's own, a practice's, the desk's.
import { Decrypter, Encrypter, generateX25519Identity, identityToRecipient } from "age-encryption";
import { fromBase64Url, toBase64Url, utf8 } from "./bytes.ts";
import { NotForYou } from "./faults.ts";

/** What a passphrase opens. Never logged, never kept outside memory in the clear. */
export interface PersonSecrets {
  age: string; // AGE-SECRET-KEY-1...
  sign: string; // base64url Ed25519 seed
}

export interface PersonPublic {
  ageRecipient: string;
  signPublic: string; // base64url
}

// Fixed by RFC 8410: an Ed25519 PKCS #8 key is these octets and the seed.
const PKCS8_HEAD = Uint8Array.of(48, 46, 2, 1, 0, 48, 5, 6, 3, 43, 101, 112, 4, 34, 4, 32);

export async function makePersonKeys(): Promise<PersonSecrets> {
  const seed = crypto.getRandomValues(new Uint8Array(32));
  return { age: await generateX25519Identity(), sign: toBase64Url(seed) };
}

export async function publicOf(keys: PersonSecrets): Promise<PersonPublic> {
  const jwk = await crypto.subtle.exportKey("jwk", await importSeed(keys.sign, true));
  return { ageRecipient: await identityToRecipient(keys.age), signPublic: jwk.x ?? "" };
}

/** The signing key as the page holds it: usable, not readable. */
export function signingKey(keys: PersonSecrets): Promise<CryptoKey> {
  return importSeed(keys.sign, false);
}

function importSeed(seed: string, extractable: boolean): Promise<CryptoKey> {
  const octets = new Uint8Array(48);
  octets.set(PKCS8_HEAD);
  octets.set(fromBase64Url(seed), PKCS8_HEAD.length);
  return crypto.subtle.importKey("pkcs8", octets, "Ed25519", extractable, ["sign"]);
}

export const makeSharedKey = generateX25519Identity;
export const recipientOf = identityToRecipient;

/** An age file to X25519 recipients. Post-quantum ones are never mixed in: none are accepted. */
export async function closeTo(words: Uint8Array | string, recipients: string[]): Promise<Uint8Array> {
  const closing = new Encrypter();
  for (const one of recipients) {
    if (!/^age1[02-9ac-hj-np-z]{58}$/.test(one)) throw new TypeError("Only X25519 recipients are sealed for.");
    closing.addRecipient(one);
  }
  return closing.encrypt(typeof words === "string" ? utf8(words) : words);
}

export async function openWith(closed: Uint8Array, identities: string[]): Promise<Uint8Array> {
  const opening = new Decrypter();
  for (const one of identities) opening.addIdentity(one);
  try {
    return await opening.decrypt(closed);
  } catch {
    throw new NotForYou();
  }
}

export async function openText(closed: Uint8Array, identities: string[]): Promise<string> {
  return new TextDecoder("utf-8", { fatal: false }).decode(await openWith(closed, identities));
}
