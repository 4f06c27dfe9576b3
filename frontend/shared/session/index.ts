// Signing in gives a session; unlocking gives keys. Keys live in this page's memory and nowhere else in the clear.
import { api, ask, setCsrf, type Schemas } from "../api/client.ts";
import { fromBase64, fromBase64Url, toBase64 } from "../sealing/bytes.ts";
import { derive } from "../sealing/derive.ts";
import { openText, signingKey, type PersonSecrets } from "../sealing/keys.ts";
import { STANDARD, unwrap, wrap } from "../sealing/passphrase.ts";
import { stopWatching, wasInUse, watchIdle } from "./idle.ts";
import { fromTab, keepInTab, wipeTab } from "./tab.ts";

export { touch } from "./idle.ts";
export type Me = Schemas["Me"];
/** What is going on while a passphrase becomes keys; `part` runs 0..1. */
export type Progress = (step: "salt" | "deriving" | "asking" | "unlocking", part: number) => void;

export interface Share {
  keyId: string;
  holder: "inbox" | "desk";
  accountId: string | null;
  recipient: string;
  identity: string;
}
export interface Keys {
  me: Me;
  age: string;
  sign: CryptoKey;
  shares: Share[];
  markKeys: Map<string, Uint8Array<ArrayBuffer>>; // by account
}

export class Locked extends Error {
  override name = "Locked";
  constructor() {
    super("Unlock with your passphrase to read this.");
  }
}

let who: Me | null = null;
let secrets: PersonSecrets | null = null;
let opened: Promise<Keys> | null = null;
const listeners = new Set<(open: boolean) => void>();

/** Throws a Refusal with a sentence when the name and passphrase do not belong together. */
export async function signIn(handle: string, passphrase: string, progress: Progress = () => {}): Promise<Me> {
  progress("salt", 0);
  const begun = await ask(api.POST("/api/sign-in/begin", { body: { handle } }));
  progress("deriving", 0.1);
  const derived = await derive(passphrase, fromBase64(begun.salt), begun.kdf);
  progress("asking", 0.8);
  who = await ask(api.POST("/api/sign-in", { body: { handle, verifier: toBase64(derived.verifier) } }));
  setCsrf(who.csrf);
  progress("unlocking", 0.9);
  await open(who, await unwrap(fromBase64(who.wrapped_key), derived.kek));
  progress("unlocking", 1);
  return who;
}

/** Who is signed in; null when nobody is. */
export async function me(): Promise<Me | null> {
  const { data, response } = await api.GET("/api/me");
  if (response.status === 401) {
    who = null;
    await lock();
    return null;
  }
  who = await ask(Promise.resolve(data ? { data, response } : { response }));
  setCsrf(who.csrf);
  return who;
}

/** Unlock again; without a passphrase, from what this tab kept. False: ask for the passphrase. */
export async function unlock(passphrase?: string, progress: Progress = () => {}): Promise<boolean> {
  if (secrets && passphrase === undefined) return true;
  const mine = who ?? (await me());
  if (!mine) return false;
  if (passphrase === undefined) {
    const kept = wasInUse() ? await fromTab(mine.person_id) : null;
    if (kept) await open(mine, kept, { kept: true });
    else await wipeTab();
    return kept !== null;
  }
  progress("deriving", 0.1);
  const derived = await derive(passphrase, fromBase64(mine.salt), mine.kdf);
  progress("unlocking", 0.9);
  await open(mine, await unwrap(fromBase64(mine.wrapped_key), derived.kek));
  progress("unlocking", 1);
  return true;
}

export function unlocked(): boolean {
  return secrets !== null;
}

/** Forget the keys in memory and in this tab; the session stays. */
export async function lock(): Promise<void> {
  const was = secrets !== null;
  secrets = null;
  opened = null;
  stopWatching();
  await wipeTab();
  if (was) tell(false);
}

export async function signOut(): Promise<void> {
  await lock();
  who = null;
  await api.POST("/api/sign-out").catch(() => undefined);
  setCsrf("");
}

/** The same keys under a new passphrase. Every other place this person is signed in is signed out. */
export async function changePassphrase(now: string, next: string): Promise<void> {
  const mine = who ?? (await me());
  if (!mine) throw new Locked();
  const old = await derive(now, fromBase64(mine.salt), mine.kdf);
  const held = await unwrap(fromBase64(mine.wrapped_key), old.kek);
  const salt = crypto.getRandomValues(new Uint8Array(16));
  const fresh = await derive(next, salt, STANDARD);
  await ask(
    api.PUT("/api/me/passphrase", {
      body: {
        verifier_now: toBase64(old.verifier),
        salt: toBase64(salt),
        kdf: STANDARD,
        verifier: toBase64(fresh.verifier),
        wrapped_key: toBase64(await wrap(held, fresh.kek)),
      },
    }),
  );
  await me();
}

/** Told whenever the lock opens or closes; returns a function that stops the telling. */
export function onLock(told: (open: boolean) => void): () => void {
  listeners.add(told);
  return () => listeners.delete(told);
}

/** Opened keys; throws Locked while locked. Shared keys are fetched once and again after `forgetShares`. */
export function keys(): Promise<Keys> {
  if (!secrets || !who) return Promise.reject(new Locked());
  const [mine, held] = [who, secrets];
  opened ??= openShares(mine, held).catch((failure: unknown) => {
    opened = null; // asked again next time
    throw failure;
  });
  return opened;
}

/** A shared key may have been given since: fetch them again when next needed. */
export function forgetShares(): void {
  opened = null;
}

async function openShares(mine: Me, held: PersonSecrets): Promise<Keys> {
  const told = await ask(api.GET("/api/keys/mine"));
  const shares: Share[] = [];
  for (const one of told.shares) {
    const identity = await openText(fromBase64(one.closed), [held.age]).catch(() => null);
    if (identity === null) continue; // closed to an earlier key of mine
    shares.push({ keyId: one.key_id, holder: one.holder, accountId: one.account_id, recipient: one.age_recipient, identity });
  }
  const markKeys = new Map<string, Uint8Array<ArrayBuffer>>();
  for (const one of told.mark_keys) {
    const share = shares.find((each) => each.keyId === one.key_id);
    if (share) markKeys.set(one.account_id, fromBase64Url(await openText(fromBase64(one.closed), [share.identity])));
  }
  return { me: mine, age: held.age, sign: await signingKey(held), shares, markKeys };
}

async function open(mine: Me, held: PersonSecrets, { kept = false } = {}): Promise<void> {
  secrets = held;
  opened = null;
  watchIdle(() => void lock());
  if (!kept) await keepInTab(mine.person_id, held);
  tell(true);
}

function tell(isOpen: boolean): void {
  for (const told of listeners) told(isOpen);
}
