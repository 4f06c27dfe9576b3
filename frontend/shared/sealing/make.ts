// Making keys for others, in an administrator's browser: a first sign-in, a practice's keys.
import type { Schemas } from "../api/client.ts";
import { toBase64, toBase64Url } from "./bytes.ts";
import { derive } from "./derive.ts";
import { closeTo, makePersonKeys, makeSharedKey, publicOf, recipientOf } from "./keys.ts";
import { STANDARD, wrap } from "./passphrase.ts";

/** The body of PUT /api/people/{id}/sign-in: the passphrase itself is told to the person, never sent. */
export async function newSignIn(handle: string, passphrase: string): Promise<Schemas["NewSignIn"]> {
  const keys = await makePersonKeys();
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const derived = await derive(passphrase, salt, STANDARD);
  const { ageRecipient, signPublic } = await publicOf(keys);
  return {
    handle,
    salt: toBase64(salt),
    kdf: STANDARD,
    verifier: toBase64(derived.verifier),
    wrapped_key: toBase64(await wrap(keys, derived.kek)),
    age_recipient: ageRecipient,
    sign_public: signPublic,
  };
}

export interface Made {
  body: Schemas["NewAccountKeys"];
  recovery: string; // AGE-SECRET-KEY-1...: printed or stored by the practice, and forgotten here
}

/** A practice's keys of a new epoch; `inboxHolders` maps a person to their age recipient. */
export async function newAccountKeys(desk: string, inboxHolders: Record<string, string>): Promise<Made> {
  const [inbox, recovery] = [await makeSharedKey(), await makeSharedKey()];
  const mark = toBase64Url(crypto.getRandomValues(new Uint8Array(32)));
  const inboxRecipient = await recipientOf(inbox);
  const shares: Record<string, string> = {};
  for (const [person, recipient] of Object.entries(inboxHolders)) {
    shares[person] = toBase64(await closeTo(inbox, [recipient]));
  }
  return {
    recovery,
    body: {
      inbox_recipient: inboxRecipient,
      recovery_recipient: await recipientOf(recovery),
      inbox_shares: shares,
      mark_closed_to_desk: toBase64(await closeTo(mark, [desk])),
      mark_closed_to_inbox: toBase64(await closeTo(mark, [inboxRecipient])),
    },
  };
}
