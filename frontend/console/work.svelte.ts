// The work on one call: its form, the draft that is kept, the server's own run of the triage, and the end.
import { api, ask, Refusal, sentenceOf, type Schemas } from "../shared/api/client.ts";
import { newMessageId, openDraft, seal, sealDraft } from "../shared/sealing/index.ts";
import { unlocked } from "../shared/session/index.ts";
import { clockTime, serverNow } from "../shared/time.ts";
import { mostUrgent, type Tier } from "../shared/tier.ts";
import { bornOn } from "./born.ts";
import { grouped } from "../shared/phone.ts";
import type { CallCard } from "./desk.svelte.ts";
import {
  answersInWords, blank, callTypeOf, endingOf, fromDraft, lookStep, merged, missing, needsMessage, placeOf, runsOf, tierFound, type Form,
} from "./form.ts";
import type { Library } from "./library.ts";

const KEEP_EVERY_MS = 2000;
const TELL_AGAIN_MS = 1500;

export class Work {
  readonly callId: string;
  readonly library: Library;
  card = $state.raw<CallCard>() as CallCard;
  form = $state<Form>() as Form;
  opened = $state(false); // the draft was looked for: only now may one be kept
  savedAt = $state<string | null>(null);
  saving = $state<"kept" | "changed" | "kept here" | "not kept">("kept");
  notice = $state(""); // somebody else's hand, a number's warning
  telling = $state(false); // the server has not confirmed the newest finding
  serverTier = $state<Tier | null>(null);
  pickedLate = $state(0); // counts answers, so that the screen may follow

  #edition = 0;
  #keeping = false;
  #last = "";
  #keeper: ReturnType<typeof setInterval> | undefined;
  #told = new Map<string, string>(); // protocol -> what was confirmed
  #callback = "";

  constructor(card: CallCard, library: Library) {
    this.callId = card.call_id;
    this.library = library;
    this.card = card;
    this.form = blank(newMessageId(), grouped(card.callback_number || card.caller_number));
  }

  place = $derived.by(() => placeOf(this.form, this.library));
  tier = $derived.by(() => mostUrgent(this.card.tier, this.serverTier, tierFound(this.form, this.library)));
  ending = $derived.by(() => endingOf(this.form, this.library, this.tier));
  type = $derived.by(() => callTypeOf(this.form, this.library));
  onTheLine = $derived.by(() => ["talking", "held", "patched"].includes(this.card.state));
  birth = $derived.by(() => bornOn(this.form.born, serverNow()));
  missing = $derived.by(() =>
    missing(this.form, this.library, { tier: this.tier, onTheLine: this.onTheLine, bornOn: this.birth }),
  );
  #kept = $state.raw<Schemas["MessageCard"] | null>(null); // what the server said when it took the message
  filed = $derived.by(() => this.card.messages.find((one) => one.message_id === this.form.messageId) ?? this.#kept);
  ended = $derived.by(() => this.card.disposition !== null);

  /** Take up the draft, then keep one every two seconds until the returned function is called. */
  begin(): () => void {
    void this.#open();
    this.#keeper = setInterval(() => void this.keep(), KEEP_EVERY_MS);
    return () => {
      clearInterval(this.#keeper);
      void this.keep();
    };
  }

  async #open(): Promise<void> {
    try {
      const path = { call_id: this.callId };
      const kept = await ask(api.GET("/api/calls/{call_id}/draft", { params: { path } }));
      const here = keptHere(this.callId);
      const newest = here && here.edition > (kept?.edition ?? 0) ? here : kept;
      if (newest) await this.#takeOver(newest);
      if (kept) this.savedAt = kept.saved_at;
      this.opened = true;
    } catch (failure) {
      this.notice = `The draft of this call could not be opened yet. ${sentenceOf(failure)}`;
      setTimeout(() => !this.opened && void this.#open(), KEEP_EVERY_MS);
    }
    void this.tell();
  }

  async #takeOver(kept: { sealed: string; edition: number }): Promise<void> {
    // What was typed while the draft was on its way stays: the agent does not wait for us.
    const untouched = JSON.stringify(this.form) === JSON.stringify(blank(this.form.messageId, this.form.callback));
    const form = fromDraft(await openDraft(kept.sealed), { ...this.form });
    if (untouched) this.form = form;
    this.#edition = kept.edition;
    this.#last = untouched ? JSON.stringify(form) : "";
  }

  /** Keep the draft if it changed: sealed to the desk, on the server; if the server is away, sealed in this browser. */
  async keep(): Promise<void> {
    const now = JSON.stringify(this.form);
    if (this.#keeping || !this.opened || now === this.#last || this.ended || !unlocked()) return;
    this.#keeping = true; // one at a time: two on their way could arrive the other way round
    const edition = this.#edition + 1;
    let here = false;
    try {
      const sealed = await sealDraft(JSON.parse(now));
      here = keepHere(this.callId, { sealed, edition });
      await this.#send(sealed, edition);
      this.#edition = edition;
      this.#last = now;
      this.saving = "kept";
    } catch (failure) {
      const away = failure instanceof Refusal && failure.unreachable;
      this.saving = away && here ? "kept here" : "not kept";
      if (!away) this.notice = sentenceOf(failure);
    } finally {
      this.#keeping = false;
    }
  }

  async #send(sealed: string, edition: number): Promise<void> {
    const params = { path: { call_id: this.callId } };
    try {
      const kept = await ask(api.PUT("/api/calls/{call_id}/draft", { params, body: { sealed, edition } }));
      this.savedAt = kept.saved_at;
    } catch (failure) {
      if (!(failure instanceof Refusal && failure.status === 409)) throw failure;
      const kept = await ask(api.GET("/api/calls/{call_id}/draft", { params }));
      if (!kept) throw failure;
      this.savedAt = kept.saved_at;
      if (kept.sealed === sealed) return; // ours: it had arrived, and only its answer was lost
      await this.#joined(kept);
    }
  }

  /** Somebody else kept a newer draft. Theirs fills what is empty here; what was typed here stays, and is kept next. */
  async #joined(kept: Schemas["DraftKept"]): Promise<void> {
    const theirs = fromDraft(await openDraft(kept.sealed), blank(this.form.messageId, this.form.callback));
    this.form = merged(theirs, this.form, blank(theirs.messageId, ""));
    this.#edition = kept.edition;
    this.#last = "";
    this.notice = `${kept.saved_by} also wrote in this message, at ${clockTime(kept.saved_at)}. Both are here; read it once more.`;
    throw new Refusal("joined", this.notice, 409);
  }

  answerLook(question: string, answer: string): void {
    this.form.look[question] = answer;
    this.#moved();
  }
  skipLook(why: string): void {
    this.form.lookSkipped = why;
    this.#moved();
  }
  chooseType(id: string): void {
    this.form.callType = id;
    this.#moved();
  }
  answerCheck(check: { id: string; opens: string }, answer: string): void {
    this.form.checks[check.id] = answer;
    if (answer !== "no") this.openProtocol(check.opens, "");
    this.#moved();
  }
  openProtocol(id: string, words: string): void {
    if (!this.form.runs.some((one) => one.protocol === id)) this.form.runs.push({ protocol: id, answers: {} });
    if (words.trim() && !this.form.about.trim()) this.form.about = words.trim();
    this.#moved();
  }
  dropProtocol(id: string): void {
    this.form.runs = this.form.runs.filter((one) => one.protocol !== id);
    this.#moved();
  }
  answer(at: number, question: string, answer: string): void {
    const run = this.form.runs[at];
    if (run) run.answers[question] = answer;
    this.#moved();
  }
  modify(id: string, on: boolean): void {
    this.form.modifiers = on ? [...new Set([...this.form.modifiers, id])] : this.form.modifiers.filter((one) => one !== id);
    this.#moved();
  }
  raise(to: Tier): void {
    this.form.raisedTo = mostUrgent(this.form.raisedTo, to);
    // A danger is a medical matter whatever the call began as; the message then has its type.
    if (!this.form.callType) this.form.callType = this.#clinical();
    this.#moved();
  }

  #clinical(): string {
    return this.library.callTypes.find((one) => one.starts === "triage")?.id ?? "";
  }

  #moved(): void {
    if (lookStep(this.form, this.library).kind === "outcome" && !this.form.callType) this.form.callType = this.#clinical();
    this.pickedLate++;
    void this.tell();
  }

  /** Let the server run what this screen ran. Told again until it is confirmed: at T1 and T2 a page hangs on it. */
  async tell(): Promise<void> {
    const findings = this.#findings().filter((one) => this.#told.get(one.protocol) !== JSON.stringify(one));
    this.telling = findings.length > 0;
    for (const body of findings) {
      try {
        const path = { call_id: this.callId };
        const found = await ask(api.POST("/api/calls/{call_id}/triage", { params: { path }, body }));
        this.#told.set(body.protocol, JSON.stringify(body));
        this.serverTier = mostUrgent(this.serverTier, found.call_tier as Tier | null);
      } catch (failure) {
        if (failure instanceof Refusal && !failure.unreachable) {
          this.#told.set(body.protocol, JSON.stringify(body)); // it will never be taken: say so, do not hammer
          this.notice = sentenceOf(failure);
        } else {
          setTimeout(() => void this.tell(), TELL_AGAIN_MS);
          return;
        }
      }
    }
    this.telling = false;
  }

  #findings(): Schemas["Answers"][] {
    const { form, library } = this;
    const modifiers = [...form.modifiers];
    const look = lookStep(form, library);
    const raise = form.raisedTo;
    const list: Schemas["Answers"][] = [];
    const looked = !form.lookSkipped && look.kind !== "ask";
    if (looked || raise) {
      const client = look.kind === "outcome" ? (look.tier as Tier) : null;
      const { id, hash } = library.firstLook;
      list.push({ protocol: id, hash, answers: { ...form.look }, modifiers: [], client_tier: client, raise_to: raise });
    }
    for (const { run, table, step } of runsOf(form, library)) {
      if (step.kind !== "outcome") continue;
      list.push({ protocol: table.id, hash: table.hash, answers: { ...run.answers }, modifiers, client_tier: step.tier as Tier, raise_to: null });
    }
    return list;
  }

  /** Tell the server the call-back number, so that a page can ring it; its warning is shown. */
  async keepCallback(): Promise<void> {
    const body = { number: this.form.callback, read_back: this.form.readBack };
    if (JSON.stringify(body) === this.#callback) return;
    this.#callback = JSON.stringify(body);
    try {
      const path = { call_id: this.callId };
      const kept = await ask(api.PUT("/api/calls/{call_id}/callback", { params: { path }, body }));
      this.form.callback = kept.grouped || this.form.callback;
      this.notice = kept.warning ?? "";
    } catch (failure) {
      this.#callback = "";
      if (!(failure instanceof Refusal && failure.unreachable)) this.notice = sentenceOf(failure);
    }
  }

  /** The end: a sealed message, or a disposition without one. Throws with a sentence. */
  async finish(): Promise<void> {
    const path = { call_id: this.callId };
    const callType = this.form.callType || this.#clinical();
    if (!needsMessage(this.ending)) {
      await ask(api.POST("/api/calls/{call_id}/disposition", { params: { path }, body: { call_type: callType, disposition: this.ending } }));
    } else {
      await this.#file(callType, this.ending);
    }
    forgetHere(this.callId);
  }

  async #file(callType: string, disposition: "page" | "hold_for_office"): Promise<void> {
    const { form, card } = this;
    if (!card.account) {
      throw new Error("No account answers for this number, so no message can be sealed. End it as a wrong number, or call a supervisor.");
    }
    await this.keepCallback();
    const caller = form.caller.trim();
    const body = {
      caller, patient: form.selfCalling ? caller : form.patient.trim(), born: this.birth, callback: form.callback,
      about: form.about.trim(), answers: answersInWords(form, this.library), tier: this.tier ?? "T5",
    };
    const made = await seal(body, {
      messageId: form.messageId, callId: card.call_id, accountId: card.account.account_id, callType,
      createdAt: new Date(serverNow()).toISOString(),
    });
    this.#kept = await ask(api.PUT("/api/messages/{message_id}", {
      params: { path: { message_id: form.messageId } },
      body: {
        call_id: card.call_id, call_type: callType, disposition, sealed: made.sealed, rset: made.rset,
        recipients: made.recipients, patient_mark: made.patientMark, callback: form.callback, read_back: form.readBack,
      },
    }));
  }
}

// A sealed copy stays in this browser while the server is away: ciphertext, for the desk's key only.
const HERE = "nightbell.draft.";

function keepHere(callId: string, draft: { sealed: string; edition: number }): boolean {
  try {
    localStorage.setItem(HERE + callId, JSON.stringify(draft));
    return true;
  } catch {
    return false; // storage is full or off: the copy on the server is the one that counts
  }
}
function keptHere(callId: string): { sealed: string; edition: number } | null {
  try {
    return JSON.parse(localStorage.getItem(HERE + callId) ?? "null") as { sealed: string; edition: number } | null;
  } catch {
    return null;
  }
}
function forgetHere(callId: string): void {
  try {
    localStorage.removeItem(HERE + callId);
  } catch {
    // Storage is off: there is nothing to forget.
  }
}
