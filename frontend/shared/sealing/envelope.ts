// The envelope: an Ed25519-signed JWS inside an age file, padded to a bucket. Specified in docs/sealing.md.
import { CompactSign, compactVerify, decodeProtectedHeader, importJWK } from "jose";
import { sha256Hex, utf8 } from "./bytes.ts";
import { Altered, Readdressed, SealingFault, UnknownSigner, WrongForm } from "./faults.ts";
import { closeTo, openText, recipientOf } from "./keys.ts";

export const TYPE = "nightbell+jws";
const ALGORITHM = "Ed25519"; // RFC 9864; the older name EdDSA is not accepted
const SKEW_MS = 5 * 60_000; // `created` is the writer's own clock, the directory's the server's.

export interface Words {
  id: string;
  account: string;
  call: string;
  from: string;
  created: string; // ISO 8601 with its zone
  type: string;
  to: string[]; // sorted age recipients
  body: Record<string, unknown>;
}
export interface Signer {
  key_id: string;
  person_id: string;
  sign_public: string;
  valid_from: string;
  retired_at?: string | null;
}
/** What the server said this envelope is; the signature has to agree. */
export interface Expected {
  id: string;
  account: string;
  call?: string | undefined;
}

export function sortedOnce(recipients: string[]): string[] {
  return [...new Set(recipients)].sort();
}

/** Hex SHA-256 of the sorted recipients, joined by newlines. */
export function rset(recipients: string[]): Promise<string> {
  return sha256Hex(sortedOnce(recipients).join("\n"));
}

/** JSON followed by spaces up to 1, 2, 4 ... KiB: its length tells only a bucket. */
export function pad(text: string): Uint8Array {
  const octets = utf8(text);
  let bucket = 1024;
  while (bucket < octets.length) bucket *= 2;
  const padded = new Uint8Array(bucket).fill(0x20);
  padded.set(octets);
  return padded;
}

export async function payload(words: Words): Promise<Uint8Array> {
  const to = sortedOnce(words.to);
  const { id, account, call, from, created, type, body } = words;
  return pad(JSON.stringify({ v: 1, id, account, call, from, created, type, to, rset: await rset(to), body }));
}

export async function sign(words: Words, keyId: string, key: CryptoKey): Promise<string> {
  const header = { alg: ALGORITHM, kid: keyId, typ: TYPE };
  return new CompactSign(await payload(words)).setProtectedHeader(header).sign(key);
}

/** The age file to everyone in `words.to`. */
export async function seal(words: Words, keyId: string, key: CryptoKey): Promise<Uint8Array> {
  return closeTo(await sign(words, keyId, key), sortedOnce(words.to));
}

/** Open and check everything; what comes back may be acted on. */
export async function unseal(
  sealed: Uint8Array,
  identities: string[],
  signers: Signer[],
  expected?: Expected,
): Promise<Words> {
  const words = await verify(await openText(sealed, identities), signers);
  const mine = await Promise.all(identities.map((one) => recipientOf(one)));
  if (!mine.some((one) => words.to.includes(one))) throw new Readdressed();
  if (expected && (words.id !== expected.id || words.account !== expected.account)) throw new Readdressed();
  if (expected?.call && words.call !== expected.call) throw new Readdressed();
  return words;
}

/** Check a JWS against the directory and read it. */
export async function verify(signed: string, signers: Signer[]): Promise<Words> {
  try {
    const header = decodeProtectedHeader(signed);
    const expected = ["alg", "kid", "typ"];
    if (header.alg !== ALGORITHM || header.typ !== TYPE || Object.keys(header).sort().join() !== expected.join()) {
      throw new WrongForm();
    }
    const signer = signers.find((one) => one.key_id === header.kid);
    if (!signer) throw new UnknownSigner();
    const key = await importJWK({ kty: "OKP", crv: "Ed25519", x: signer.sign_public }, ALGORITHM);
    const { payload: octets } = await compactVerify(signed, key, { algorithms: [ALGORITHM] });
    return await read(JSON.parse(new TextDecoder().decode(octets)), signer);
  } catch (failure) {
    throw failure instanceof SealingFault ? failure : new Altered();
  }
}

async function read(told: unknown, signer: Signer): Promise<Words> {
  if (!isWords(told)) throw new WrongForm();
  if (told.to.join() !== sortedOnce(told.to).join() || (await rset(told.to)) !== told.rset) throw new Readdressed();
  if (told.from !== signer.person_id || !wasGood(signer, Date.parse(told.created))) throw new UnknownSigner();
  return told;
}

function wasGood(signer: Signer, at: number): boolean {
  if (at < Date.parse(signer.valid_from) - SKEW_MS) return false;
  return !signer.retired_at || at < Date.parse(signer.retired_at) + SKEW_MS;
}

function isWords(told: unknown): told is Words & { v: 1; rset: string } {
  if (typeof told !== "object" || told === null) return false;
  const one = told as Record<string, unknown>;
  const texts = ["id", "account", "call", "from", "created", "type", "rset"].every((name) => typeof one[name] === "string");
  const list = Array.isArray(one["to"]) && one["to"].every((to) => typeof to === "string");
  const at = /(Z|[+-]\d\d:\d\d)$/.test(String(one["created"])) && !Number.isNaN(Date.parse(String(one["created"])));
  return one["v"] === 1 && texts && list && at && typeof one["body"] === "object" && one["body"] !== null;
}
