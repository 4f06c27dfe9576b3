// Keys an administrator makes in this browser: a practice's, and a new person's first.
import type { Schemas } from "../shared/api/client.ts";
import { toBase64, toBase64Url } from "../shared/sealing/bytes.ts";
import { derive } from "../shared/sealing/derive.ts";
import { closeTo, makePersonKeys, makeSharedKey, publicOf, recipientOf } from "../shared/sealing/keys.ts";
import { STANDARD, wrap } from "../shared/sealing/passphrase.ts";
import type { Person } from "./form.ts";

export interface MadeKeys {
  body: Schemas["NewAccountKeys"];
  recovery: string; // AGE-SECRET-KEY-1...: shown once, kept nowhere
}

/** A practice's inbox, recovery and mark keys; the inbox closed to each of `staff`. */
export async function makeAccountKeys(staff: Person[], deskRecipient: string): Promise<MadeKeys> {
  const [inbox, recovery] = await Promise.all([makeSharedKey(), makeSharedKey()]);
  const inboxRecipient = await recipientOf(inbox);
  const mark = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const shares: Record<string, string> = {};
  for (const one of staff) {
    if (one.age_recipient) shares[one.person_id] = toBase64(await closeTo(inbox, [one.age_recipient]));
  }
  return {
    recovery,
    body: {
      inbox_recipient: inboxRecipient,
      recovery_recipient: await recipientOf(recovery),
      inbox_shares: shares,
      mark_closed_to_desk: toBase64(await closeTo(mark, [deskRecipient])),
      mark_closed_to_inbox: toBase64(await closeTo(mark, [inboxRecipient])),
    },
  };
}

/** A person's first sign-in: the server gets a verifier and closed keys, never the passphrase. */
export async function makeSignIn(handle: string, passphrase: string): Promise<Schemas["NewSignIn"]> {
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const [derived, keys] = await Promise.all([derive(passphrase, salt, STANDARD), makePersonKeys()]);
  const pub = await publicOf(keys);
  return {
    handle,
    salt: toBase64(salt),
    kdf: { ...STANDARD },
    verifier: toBase64(derived.verifier),
    wrapped_key: toBase64(await wrap(keys, derived.kek)),
    age_recipient: pub.ageRecipient,
    sign_public: pub.signPublic,
  };
}

/** A first passphrase to hand over: four plain words of letters nobody misreads. */
export function firstPassphrase(): string {
  const consonants = "bdfgklmnprstvz";
  const vowels = "aeiou";
  const pick = (from: string) => from[(crypto.getRandomValues(new Uint32Array(1))[0] ?? 0) % from.length] ?? "";
  const word = () => Array.from({ length: 3 }, () => pick(consonants) + pick(vowels)).join("");
  return [word(), word(), word(), word()].join(" ");
}
