// What the agent takes down on one call, and what may be said of it: its tier, what is missing, how it will end.
import { dayTime } from "../shared/time.ts";
import { mostUrgent, pages, SHOWN, type Tier } from "../shared/tier.ts";
import { faultIn } from "../shared/phone.ts";
import { nextStep, type Answers, type Compiled, type Question, type Step } from "../shared/triage/engine.ts";
import { inWords, NOBODY, type CallType, type Check, type Ending, type Language, type Library } from "./library.ts";

export interface Run {
  protocol: string;
  answers: Record<string, string>;
}
export interface Form {
  v: 1;
  messageId: string; // made with the form, so that filing twice files once
  language: Language;
  callType: string;
  look: Record<string, string>; // the first look's answers
  lookSkipped: string; // why, in words; "" while it was not
  checks: Record<string, string>; // the call type's own questions
  runs: Run[];
  modifiers: string[];
  raisedTo: Tier | null; // the agent's instinct: raises, never lowers
  caller: string;
  selfCalling: boolean; // caller and patient are one person
  patient: string;
  born: string; // as typed
  callback: string;
  readBack: boolean;
  about: string;
  fields: Record<string, string>;
  given: string[]; // facts read out to the caller
}

export function blank(messageId: string, callback: string): Form {
  return {
    v: 1, messageId, language: "en", callType: "", look: {}, lookSkipped: "", checks: {}, runs: [], modifiers: [], raisedTo: null,
    caller: "", selfCalling: false, patient: "", born: "", callback, readBack: false, about: "", fields: {}, given: [],
  };
}

/** A draft that was kept: only what is still understood is taken over. */
export function fromDraft(kept: unknown, fresh: Form): Form {
  if (typeof kept !== "object" || kept === null || (kept as { v?: unknown }).v !== 1) return fresh;
  const given = kept as Record<string, unknown>;
  const form: Record<string, unknown> = { ...fresh };
  for (const [name, value] of Object.entries(fresh)) {
    const old = given[name];
    const same = typeof old === typeof value && Array.isArray(old) === Array.isArray(value);
    if (old !== undefined && (same || name === "raisedTo")) form[name] = old;
  }
  return form as unknown as Form;
}

/** Two hands on one form: what is filled here stays, what is empty here comes from the other. */
export function merged(theirs: Form, mine: Form, empty: Form): Form {
  const form: Record<string, unknown> = { ...theirs };
  for (const [name, value] of Object.entries(mine)) {
    const untouched = JSON.stringify(value) === JSON.stringify(empty[name as keyof Form]);
    if (!untouched && name !== "messageId") form[name] = value;
  }
  return form as unknown as Form;
}

export const SKIP_REASONS = [
  "Caller is a doctor, nurse, hospital or laboratory",
  "The call is not about a patient's health",
  "Caller refuses the questions",
  "Nobody is on the line",
] as const;

export function callTypeOf(form: Form, library: Library): CallType | null {
  return [...library.callTypes, ...NOBODY].find((one) => one.id === form.callType) ?? null;
}

export function lookStep(form: Form, library: Library): Step {
  return form.lookSkipped ? { kind: "clear" } : nextStep(library.firstLook, form.look);
}

export interface RunState {
  run: Run;
  table: Compiled;
  step: Step;
}
export function runsOf(form: Form, library: Library): RunState[] {
  return form.runs.flatMap((run) => {
    const table = library.protocols.find((one) => one.id === run.protocol);
    return table ? [{ run, table, step: nextStep(table, run.answers, form.modifiers) }] : [];
  });
}

export type Place =
  | { kind: "look"; question: Question }
  | { kind: "type" }
  | { kind: "check"; question: Check }
  | { kind: "complaint" }
  | { kind: "ask"; at: number; table: Compiled; question: Question }
  | { kind: "end"; tier: Tier | null; say: string[] }; // say: phrase ids

/** Where the script stands. A danger found ends the questions there and then. */
export function placeOf(form: Form, library: Library): Place {
  const look = lookStep(form, library);
  if (look.kind === "ask") return { kind: "look", question: look.question };
  if (look.kind === "outcome") return { kind: "end", tier: look.tier as Tier, say: look.say };
  if (form.raisedTo === "T1") return { kind: "end", tier: "T1", say: library.firstLook.say["T1"] ?? [] };
  const type = callTypeOf(form, library);
  if (!type) return { kind: "type" };
  const check = type.checks.find((one) => !(one.id in form.checks));
  const runs = runsOf(form, library);
  if (runs.some((one) => tierOf(one.step) === "T1")) return endOf(form, library, runs);
  if (check && runs.length === 0) return { kind: "check", question: check };
  if (type.starts === "triage" && runs.length === 0) return { kind: "complaint" };
  for (const [at, one] of runs.entries()) {
    if (one.step.kind === "ask") return { kind: "ask", at, table: one.table, question: one.step.question };
  }
  return endOf(form, library, runs);
}

function tierOf(step: Step): Tier | null {
  return step.kind === "outcome" ? (step.tier as Tier) : null;
}

/** The words of the most urgent finding; a tier the agent raised is said in that tier's own words. */
function endOf(form: Form, library: Library, runs: RunState[]): Place {
  const tier = tierFound(form, library);
  const say = runs.flatMap((one) => (one.step.kind === "outcome" && one.step.tier === tier ? one.step.say : []));
  const own = say.length === 0 && tier && (runs.length > 0 || form.raisedTo) ? runs[0]?.table.say[tier] : undefined;
  return { kind: "end", tier, say: [...new Set(own ?? say)] };
}

/** What this screen has found so far; the server may know more. */
export function tierFound(form: Form, library: Library): Tier | null {
  return mostUrgent(
    tierOf(lookStep(form, library)),
    ...runsOf(form, library).map((one) => tierOf(one.step)),
    callTypeOf(form, library)?.tier ?? null,
    form.raisedTo,
  );
}

/** How the call will end when finished now. A tier that pages always ends in a page. */
export function endingOf(form: Form, library: Library, tier: Tier | null): Ending {
  if (pages(tier)) return "page";
  const type = callTypeOf(form, library);
  if (!type) return "hold_for_office";
  const written = form.about.trim() || form.patient.trim();
  return type.ending === "answered" && written ? "hold_for_office" : type.ending;
}

export function needsMessage(ending: Ending): ending is "page" | "hold_for_office" {
  return ending === "page" || ending === "hold_for_office";
}

/** The words on the Finish button: the deed, not the wish. */
export function deed(
  ending: Ending, tier: Tier | null,
  of: { holder: string; opensAt: string | null; zone: string; now: number; openNow: boolean },
): string {
  switch (ending) {
    case "page":
      return `page ${SHOWN[tier ?? "T3"].mark} ${of.holder || "the supervisor: nobody is on call"}`;
    case "hold_for_office":
      if (of.openNow) return "give to the office now";
      return of.opensAt ? `hold for ${dayTime(of.opensAt, of.zone, of.now)}` : "hold for the office";
    case "answered":
      return "answered, no message";
    case "wrong_number":
      return "wrong number";
    case "no_caller":
      return "nobody on the line";
    case "called_back_no_answer":
      return "rang back, no answer";
  }
}

export interface Missing {
  at: string; // the id of the entry or part of the screen
  sentence: string;
  must: boolean; // false: worth having, but the call may end without it
}

/** What is still to be asked, in the order of the screen. At T1 and T2 nothing must be. */
export function missing(
  form: Form, library: Library, of: { tier: Tier | null; onTheLine: boolean; bornOn: string },
): Missing[] {
  const list: Missing[] = [];
  const must = of.tier !== "T1" && of.tier !== "T2";
  const need = (wanting: unknown, at: string, sentence: string) => {
    if (wanting) list.push({ at, sentence, must });
  };
  const ending = endingOf(form, library, of.tier);
  const type = callTypeOf(form, library);
  if (ending === "no_caller" || ending === "called_back_no_answer") return list;
  const kind = placeOf(form, library).kind;
  need(kind === "look", "say", "Ask the first look, or skip it with a reason.");
  need(kind === "type", "say", "Choose what the call is about.");
  need(kind === "complaint", "say", "Find the protocol by what the caller says.");
  need(kind === "ask" || kind === "check", "say", "Answer the questions that are left, or choose “can't say”.");
  if (!needsMessage(ending)) return list;
  const wanted = new Set(type?.fields.filter((one) => one.needed === "finish").map((one) => one.id));
  need(wanted.has("caller") && !form.caller.trim(), "caller", "Enter the caller's name, or what they will tell of it.");
  need(!form.selfCalling && !form.patient.trim(), "patient", "Enter the patient's name, or tick that the caller is the patient.");
  const noBirth = of.onTheLine && wanted.has("born") && !form.born.trim();
  need(noBirth || (form.born.trim() && !of.bornOn), "born", "Enter the birth date like 4/3/1951 or 3 Apr 1951.");
  need(faultIn(form.callback), "callback", faultIn(form.callback));
  need(
    of.onTheLine && !form.readBack, "readback", "Read the call-back number to the caller, then tick it.",
  );
  need(wanted.has("about") && !form.about.trim(), "about", "Enter in a line what the call is about.");
  for (const field of extraFields(type)) {
    need(
      wanted.has(field.id) && !form.fields[field.id]?.trim(), `field-${field.id}`,
      `Enter what was asked for: ${field.label.en}.`,
    );
  }
  return list;
}

const STANDARD = new Set(["caller", "patient", "born", "callback", "about"]);

/** What a call type asks for beyond what every message has. */
export function extraFields(type: CallType | null): CallType["fields"] {
  return type?.fields.filter((one) => !STANDARD.has(one.id)) ?? [];
}

/** Questions and answers in words, for the sealed message. */
export function answersInWords(form: Form, library: Library): { ask: string; answer: string }[] {
  const of = (table: Compiled, answers: Answers) =>
    table.questions.flatMap((question) => {
      const answer = question.answers.find((one) => one.id === answers[question.id]);
      return answer ? [{ ask: question.ask.en, answer: answer.label.en }] : [];
    });
  const label = (id: string) => inWords(library.modifiers.find((one) => one.id === id)?.label, "en") || id;
  const type = callTypeOf(form, library);
  const checks = (type?.checks ?? []).flatMap((one) => {
    const answer = one.answers.find((other) => other.id === form.checks[one.id]);
    return answer ? [{ ask: one.ask.en, answer: answer.label.en }] : [];
  });
  const names = new Map([
    ...wantedFields(form, library).map((id): [string, string] => [id, fieldLabel(id, library, "en")]),
    ...extraFields(type).map((one): [string, string] => [one.id, one.label.en]),
  ]);
  return [
    ...(form.lookSkipped ? [{ ask: "First look", answer: `Skipped: ${form.lookSkipped}` }] : of(library.firstLook, form.look)),
    ...checks,
    ...runsOf(form, library).flatMap((one) => [
      { ask: "Protocol", answer: `${one.table.title.en} ${one.table.version}` }, ...of(one.table, one.run.answers),
    ]),
    ...(form.modifiers.length ? [{ ask: "Also true", answer: form.modifiers.map(label).join("; ") }] : []),
    ...(form.raisedTo ? [{ ask: "Raised by the agent", answer: SHOWN[form.raisedTo].word }] : []),
    ...[...names].flatMap(([id, ask]) => (form.fields[id]?.trim() ? [{ ask, answer: form.fields[id].trim() }] : [])),
    ...form.given.map((title) => ({ ask: "Read out to the caller", answer: title })),
  ];
}

export function fieldLabel(id: string, library: Library, language: Language): string {
  const words = library.fields[id];
  if (words) return inWords(words, language);
  const plain = id.replace(/_(at|on|name)$/, "").replaceAll("_", " ");
  return plain.charAt(0).toUpperCase() + plain.slice(1);
}

/** What the clinician wants to know after these protocols; asked once, never needed before a page. */
export function wantedFields(form: Form, library: Library): string[] {
  return [...new Set(runsOf(form, library).flatMap((one) => one.table.handoff))];
}
