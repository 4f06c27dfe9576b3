// The words a message is spoken of with: its type, its outcome, its people.

import type { components } from "../api/schema.d.ts";
import { dateWords } from "../time.ts";

export type MessageCard = components["schemas"]["MessageCard"];
export type OutcomeWord = components["schemas"]["Outcome"]["outcome"];

const OUTCOMES: Record<OutcomeWord, string> = {
  advised_by_phone: "Advised by phone",
  will_see: "Will see the patient",
  sent_to_ed: "Sent to emergency",
  prescribed: "Prescribed",
  no_answer: "No answer",
  left_word: "Left word",
  done: "Done",
  not_needed: "Nothing was needed",
};

/** In the order in which each reader reaches for them. */
export const CLINICIAN_OUTCOMES: readonly OutcomeWord[] = [
  "advised_by_phone", "will_see", "sent_to_ed", "prescribed", "no_answer", "left_word", "not_needed",
];
export const OFFICE_OUTCOMES: readonly OutcomeWord[] = [
  "done", "advised_by_phone", "will_see", "prescribed", "no_answer", "left_word", "not_needed",
];

export function outcomeWords(outcome: string): string {
  return OUTCOMES[outcome as OutcomeWord] ?? plain(outcome);
}

const CALL_TYPES: Record<string, string> = {
  appointment: "Appt",
  directions_hours: "Directions",
  refill: "Refill",
};

/** "chest-pain" or "chest_pain" as a person writes it: "Chest pain". */
export function plain(code: string): string {
  const words = code.replaceAll(/[-_]+/g, " ").trim();
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function callTypeWords(callType: string | null | undefined): string {
  if (!callType) return "No type yet";
  return CALL_TYPES[callType] ?? plain(callType);
}

/** "Luis Ruiz" as "L. Ruiz": enough for those who know him, little for a passer-by. */
export function shortName(name: string): string {
  const parts = name.trim().split(/\s+/).filter(Boolean);
  const last = parts.at(-1) ?? "";
  return parts.length < 2 ? last : `${[...parts[0]!][0]!.toUpperCase()}. ${last}`;
}

/** The name to call somebody by: "Ana" of "Ana Ruiz, daughter"; nothing when none was given. */
export function firstName(caller: string): string {
  return /^[\p{L}\p{M}'’-]+/u.exec(caller.trim())?.[0] ?? "";
}

/** Whole years at `on`, or null when no birth date was taken. */
export function yearsOld(born: string, on: Date): number | null {
  const parts = /^(\d{4})-(\d{2})-(\d{2})$/.exec(born);
  if (!parts) return null;
  const [year, month, date] = [Number(parts[1]), Number(parts[2]), Number(parts[3])];
  const before = on.getMonth() + 1 < month || (on.getMonth() + 1 === month && on.getDate() < date);
  const years = on.getFullYear() - year - (before ? 1 : 0);
  return years >= 0 && years < 130 ? years : null;
}

/** "Luis Ruiz, 74"; an infant by months, since days and weeks decide there. */
export function patientLine(patient: string, born: string, on: Date): string {
  const name = patient || "No patient named";
  const years = yearsOld(born, on);
  if (years === null) return name;
  if (years >= 2) return `${name}, ${years}`;
  const [year, month, date] = born.split("-").map(Number) as [number, number, number];
  const months = (on.getFullYear() - year) * 12 + on.getMonth() + 1 - month - (on.getDate() < date ? 1 : 0);
  return `${name}, ${months} ${months === 1 ? "month" : "months"}`;
}

/** "3 Apr 1951", or the truth when none was taken. */
export function bornWords(born: string): string {
  return /^\d{4}-\d{2}-\d{2}$/.test(born) ? dateWords(born) : "not taken";
}
