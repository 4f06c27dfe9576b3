// The scripts as the server sends them: tables, phrases, modifiers and call types, read into one shape.
import type { Schemas } from "../shared/api/client.ts";
import type { Compiled, Question, Words } from "../shared/triage/engine.ts";
import type { Tier } from "../shared/tier.ts";

export type Language = "en" | "es";
export type Ending = "page" | "hold_for_office" | "answered" | "wrong_number" | "no_caller" | "called_back_no_answer";

export interface CallTypeField {
  id: string;
  label: Words;
  kind: "name" | "date" | "phone" | "text" | "choice";
  needed: "finish" | "never";
}
export interface Check extends Question {
  opens: string; // the protocol that yes, or can't say, opens
}
export interface CallType {
  id: string;
  label: Words;
  say: Words;
  starts: "triage" | "form" | "facts" | "close";
  tier: Tier | null;
  ending: Ending;
  checks: Check[];
  fields: CallTypeField[];
  facts: string[]; // kinds of approved text that answer it
}
export interface Library {
  firstLook: Compiled;
  protocols: Compiled[];
  phrases: Record<string, Words>;
  modifiers: { id: string; label: Words }[];
  callTypes: CallType[];
  fields: Record<string, Words>; // what the clinician wants to know, by id
}

/** In the language asked for; English where a translation is missing. */
export function inWords(words: Words | undefined, language: Language): string {
  return words ? (words[language] ?? words.en) : "";
}

interface SentCallType {
  id: string;
  label: Words;
  say: Words;
  starts: CallType["starts"];
  disposition: string;
  tier?: Tier | null;
  checks?: { id: string; ask: Words; opens: string }[];
  fields?: CallTypeField[];
  facts?: string[];
  closes_as?: string;
}

export function readLibrary(sent: Schemas["Library"]): Library {
  const loose = sent as unknown as {
    first_look: Compiled;
    protocols: Compiled[];
    phrases: Record<string, Words>;
    modifiers: Record<string, Words> | { id: string; label?: Words; words?: Words }[];
    call_types: SentCallType[];
    fields?: Record<string, Words>;
  };
  const moved = Array.isArray(loose.modifiers)
    ? loose.modifiers.map((one) => ({ id: one.id, label: one.label ?? one.words ?? { en: one.id, ...one } }))
    : Object.entries(loose.modifiers).map(([id, label]) => ({ id, label }));
  return {
    firstLook: loose.first_look,
    protocols: loose.protocols,
    phrases: loose.phrases,
    modifiers: moved,
    callTypes: loose.call_types.map(readCallType),
    fields: loose.fields ?? {},
  };
}

export function readCallType(sent: SentCallType): CallType {
  const closes = (sent.closes_as || sent.disposition) as Ending;
  return {
    id: sent.id,
    label: sent.label,
    say: sent.say,
    starts: sent.starts,
    tier: sent.tier ?? null,
    ending: sent.starts === "form" || sent.starts === "triage" ? "hold_for_office" : closes,
    checks: (sent.checks ?? []).map((one) => ({ ...one, answers: YES_NO, cite: [] })),
    fields: sent.fields ?? [],
    facts: sent.facts ?? [],
  };
}

/** The answers of a check; worrying first, "can't say" last, as everywhere. */
const YES_NO: Question["answers"] = [
  { id: "yes", label: { en: "Yes", es: "Sí" }, worry: 2 },
  { id: "no", label: { en: "No", es: "No" }, worry: 0 },
  { id: "unknown", label: { en: "Caller can't say", es: "No lo sabe" }, worry: 1 },
];

function ending(id: Ending, en: string): CallType {
  return {
    id, label: { en }, say: { en: "" }, starts: "close", tier: null, ending: id, checks: [], fields: [], facts: [],
  };
}

/** How any call may end when there was nobody to talk to. */
export const NOBODY = [
  ending("no_caller", "Nobody on the line"),
  ending("called_back_no_answer", "Rang back, no answer"),
] as const;
