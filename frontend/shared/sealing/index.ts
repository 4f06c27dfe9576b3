// Sealing and opening with the keys of whoever is signed in; screens use this and nothing below it.
import { api, ask, type Schemas } from "../api/client.ts";
import { keys, type Keys } from "../session/index.ts";
import { fromBase64, toBase64 } from "./bytes.ts";
import { rset, seal as sealWords, sortedOnce, unseal, type Expected, type Signer, type Words } from "./envelope.ts";
import { NotForYou, UnknownSigner } from "./faults.ts";
import { closeTo, openText } from "./keys.ts";
import { patientMark } from "./mark.ts";

export * from "./faults.ts";

export interface Answer {
  ask: string;
  answer: string;
}
export interface Body {
  caller: string;
  patient: string;
  born: string; // YYYY-MM-DD or ""
  callback: string;
  about: string;
  answers: Answer[];
  tier: string;
}
export interface SealFor {
  messageId: string;
  callId: string;
  accountId: string;
  callType: string;
  createdAt: string;
}
/** Ready for PUT /api/messages/{id}; `for` says who could open it. */
export interface Sealed {
  sealed: string;
  rset: string;
  recipients: string[];
  patientMark: string | null;
  for: Schemas["Recipient"][];
}
export interface From {
  name: string;
  personId: string;
}
export interface Opened {
  body: Body;
  id: string;
  account: string;
  call: string;
  type: string;
  created: string;
  from: From | null;
  trusted: boolean; // always true: what fails a check is refused with a sentence
  warning: string;
}
/** What the server said it is; pass a MessageCard, so that one message shown in another's place is caught. */
export interface Card {
  message_id: string;
  account_id: string;
  call_id?: string;
}

/** Signs, pads and seals for everyone this call's message must reach now. */
export async function seal(body: Body, about: SealFor): Promise<Sealed> {
  const mine = await keys();
  const reached = await recipientsOf(about.callId);
  const sealed = await sealTo(mine, reached, { ...body }, about);
  const markKey = mine.markKeys.get(about.accountId);
  const mark = markKey ? await patientMark(markKey, body.patient, body.born) : null;
  return {
    sealed: toBase64(sealed),
    rset: await rset(reached.map((one) => one.age_recipient)),
    recipients: reached.map((one) => one.key_id),
    patientMark: mark,
    for: reached,
  };
}

/** A message's words, with every check made; throws a sentence when one fails. */
export async function open(sealed: string, card?: Card): Promise<Opened> {
  const [words, from] = await openWords(sealed, card);
  return { ...words, body: wholeBody(words.body), from, trusted: true, warning: "" };
}

/** A note sealed to the message's recipients (its outcome in the clinician's own words). */
export async function sealNote(
  words: string,
  about: { messageId: string; callId: string; accountId: string },
): Promise<string> {
  const mine = await keys();
  const reached = await recipientsOf(about.callId);
  const createdAt = new Date().toISOString();
  return toBase64(await sealTo(mine, reached, { words }, { ...about, callType: "note", createdAt }));
}

export async function openNote(sealed: string, card?: Card): Promise<string> {
  const [words] = await openWords(sealed, card);
  return String(words.body["words"] ?? "");
}

/** A form as JSON, closed to the desk key. */
export async function sealDraft(form: unknown): Promise<string> {
  const desk = newestDesk(await keys());
  return toBase64(await closeTo(JSON.stringify(form), [desk.recipient]));
}

export async function openDraft(sealed: string): Promise<unknown> {
  const mine = await keys();
  const desks = mine.shares.filter((one) => one.holder === "desk").map((one) => one.identity);
  return JSON.parse(await openText(fromBase64(sealed), desks));
}

/** Made in the browser, so that a retry keeps its id. Sorts by time, as the server's own ids do. */
export function newMessageId(): string {
  const octets = crypto.getRandomValues(new Uint8Array(16));
  new DataView(octets.buffer).setUint32(0, Math.floor(Date.now() / 0x10000));
  new DataView(octets.buffer).setUint16(4, Date.now() % 0x10000);
  octets[6] = ((octets[6] ?? 0) & 0x0f) | 0x70;
  octets[8] = ((octets[8] ?? 0) & 0x3f) | 0x80;
  return `message_${Array.from(octets, (one) => one.toString(16).padStart(2, "0")).join("")}`;
}

/** Everyone a message of this call would be sealed for; a Refusal says so when the practice has no keys. */
export function recipientsOf(callId: string): Promise<Schemas["Recipient"][]> {
  return ask(api.GET("/api/keys/recipients", { params: { query: { call_id: callId } } }));
}

function sealTo(mine: Keys, reached: Schemas["Recipient"][], body: Record<string, unknown>, about: SealFor): Promise<Uint8Array> {
  const words: Words = {
    id: about.messageId,
    account: about.accountId,
    call: about.callId,
    from: mine.me.person_id,
    created: about.createdAt,
    type: about.callType,
    to: sortedOnce(reached.map((one) => one.age_recipient)),
    body,
  };
  return sealWords(words, mine.me.key_id, mine.sign);
}

let directory: Promise<Schemas["Signer"][]> | null = null;

function signers(afresh: boolean): Promise<Schemas["Signer"][]> {
  if (afresh) directory = null;
  directory ??= ask(api.GET("/api/keys/signers")).catch((failure: unknown) => {
    directory = null;
    throw failure;
  });
  return directory;
}

async function openWords(sealed: string, card?: Card): Promise<[Words, From | null]> {
  const mine = await keys();
  const identities = [mine.age, ...mine.shares.map((one) => one.identity)];
  const octets = fromBase64(sealed);
  const expected: Expected | undefined = card && { id: card.message_id, account: card.account_id, call: card.call_id };
  const read = async (known: Signer[]) => unseal(octets, identities, known, expected);
  let known = await signers(false);
  const words = await read(known).catch(async (failure: unknown) => {
    if (!(failure instanceof UnknownSigner)) throw failure;
    known = await signers(true); // written by somebody new since this screen was opened
    return read(known);
  });
  const writer = known.find((one) => one.person_id === words.from);
  return [words, writer ? { name: writer.name, personId: writer.person_id } : null];
}

function newestDesk(mine: Keys): Keys["shares"][number] {
  const desk = mine.shares.find((one) => one.holder === "desk"); // the server lists the newest first
  if (!desk) throw new NotForYou();
  return desk;
}

function wholeBody(told: Record<string, unknown>): Body {
  const text = (name: string) => (typeof told[name] === "string" ? (told[name] as string) : "");
  const answers = Array.isArray(told["answers"]) ? (told["answers"] as Answer[]) : [];
  return {
    caller: text("caller"),
    patient: text("patient"),
    born: text("born"),
    callback: text("callback"),
    about: text("about"),
    answers,
    tier: text("tier"),
  };
}
