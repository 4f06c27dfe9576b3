// Last night as the office reads it: one sentence, then lines with their facts.

import type { components } from "../shared/api/schema.d.ts";
import { bareClock, hour, measured, weekday } from "../shared/message/when.ts";
import { clockTime } from "../shared/time.ts";
import type { Opened } from "../shared/sealing/index.ts";
import { bornWords, callTypeWords, outcomeWords, type MessageCard } from "../shared/message/words.ts";

export type LastNight = components["schemas"]["LastNight"];
export type CallLine = components["schemas"]["CallLine"];

/** "Last night, Sun 6 pm to Mon 8 am"; a night that still goes on is tonight. */
export function nightTitle(night: LastNight, latest: boolean, now: Date): string {
  const zone = night.time_zone;
  const from = `${weekday(night.from_at, zone)} ${hour(night.from_at, zone)}`;
  const to = `${weekday(night.to_at, zone)} ${hour(night.to_at, zone)}`;
  const name = !latest ? "" : Date.parse(night.to_at) > now.getTime() ? "Tonight, " : "Last night, ";
  return `${name}${from} to ${to}`;
}

/** "11 calls, all answered: 3 wait for you, 2 paged and taken, 6 closed." */
export function summary(night: LastNight): string {
  const { calls, answered, abandoned } = night.figures;
  if (calls === 0 && night.waiting.length === 0)
    return `A quiet night: no calls after ${hour(night.from_at, night.time_zone)}.`;
  const unanswered = calls - answered;
  const rung =
    calls === 0 ? "No calls"
    : unanswered === 0 ? `${count(calls, "call")}, ${calls === 1 ? "answered" : "all answered"}`
    : `${count(calls, "call")}, ${answered} answered` +
      (abandoned ? `, ${abandoned} hung up before an answer` : "");
  const paged = night.handled.filter((one) => one.disposition === "page");
  const held = paged.filter((one) => one.owner && one.state !== "paging").length;
  const going = [...night.handled, ...night.waiting].filter((one) => one.state === "paging").length;
  const closed = night.handled.filter((one) => one.state === "closed" && !paged.includes(one)).length;
  const parts = [
    night.waiting.length ? `${night.waiting.length} ${night.waiting.length === 1 ? "waits" : "wait"} for you` : "",
    going ? `${going} still being paged` : "",
    held ? `${held} paged and taken` : "",
    closed ? `${closed} closed` : "",
  ].filter(Boolean);
  return parts.length ? `${rung}: ${parts.join(", ")}.` : `${rung}. Nothing waits for you.`;
}

function count(number: number, word: string): string {
  return `${number} ${word}${number === 1 ? "" : "s"}`;
}

/** What is open but not of the night shown, soonest due first. */
export function otherDays(night: LastNight | null, standing: readonly MessageCard[]): MessageCard[] {
  const here = new Set([...(night?.waiting ?? []), ...(night?.handled ?? [])].map((one) => one.message_id));
  return standing
    .filter((one) => one.state !== "closed" && !here.has(one.message_id))
    .sort((a, b) => (a.due_at ?? "9").localeCompare(b.due_at ?? "9"));
}

export interface Step {
  at: string;
  words: string; // "taken", "paged", "Dr Okafor", "called back"
}

const FACT_WORDS: Record<string, string> = {
  taken: "taken",
  called_back: "called back",
  declined: "not me",
};

/** One handled message as its facts: 2:13 taken ─ 2:16 paged ─ 2:18 Dr Okafor ─ 2:24 called back. */
export function story(card: MessageCard): Step[] {
  const steps: Step[] = [{ at: card.taken_at, words: "taken" }];
  const rounds = new Set<string>();
  for (const page of card.escalation?.pages ?? []) {
    // One round rings several channels at once; the office counts it as one page.
    const round = `${page.role}/${bareClock(page.made_at)}`;
    if (rounds.has(round)) continue;
    rounds.add(round);
    steps.push({ at: page.made_at, words: rounds.size === 1 ? "paged" : "paged again" });
  }
  for (const fact of card.facts ?? []) {
    if (fact.kind === "accepted" || fact.kind === "owned")
      steps.push({ at: fact.at, words: fact.who || "taken on" });
    else if (fact.kind === "declined")
      steps.push({ at: fact.at, words: fact.who ? `${fact.who}: not me` : "not me" });
    else if (fact.kind !== "taken" && FACT_WORDS[fact.kind])
      steps.push({ at: fact.at, words: FACT_WORDS[fact.kind]! });
  }
  const escalation = card.escalation;
  if (escalation?.held_by && escalation.held_at && !steps.some((one) => one.words === escalation.held_by))
    steps.push({ at: escalation.held_at, words: escalation.held_by });
  if (card.closed_at && card.outcome)
    steps.push({ at: card.closed_at, words: outcomeWords(card.outcome).toLowerCase() });
  return steps
    .sort((a, b) => a.at.localeCompare(b.at))
    .filter((one, index, all) => index === 0 || one.words !== all[index - 1]!.words);
}

/** The ANSWERED row. What was not measured says so: unknown is never zero. */
export function figures(night: LastNight): { word: string; value: string }[] {
  const { figures: f, time_zone: zone } = night;
  const slowest = f.slowest_at && f.answer_ms_max !== null ? ` (${clockTime(f.slowest_at, zone)})` : "";
  return [
    { word: "Median", value: f.calls ? measured(f.answer_ms_p50) : "no calls" },
    { word: "Slowest", value: f.calls ? measured(f.answer_ms_max) + slowest : "no calls" },
    { word: "Abandoned", value: String(f.abandoned) },
    { word: "Paged", value: String(f.paged) },
    { word: "To a clinician", value: f.paged ? measured(f.accept_ms_p50) : "no pages" },
  ];
}

export interface Searchable {
  card: MessageCard;
  text: string; // what this person opened, in this browser only
}

/** All that can be asked for: the opened words if they are open here, and what the card says. */
export function searchText(card: MessageCard, opened: Opened | null): string {
  const body = opened?.body;
  const digits = body?.callback.replaceAll(/\D/g, "") ?? "";
  const parts = [
    body?.patient, body?.caller, body?.about, body?.callback, digits, digits.replace(/^1/, ""), body?.born, body && bornWords(body.born),
    ...(body?.answers ?? []).map((one) => one.answer),
    callTypeWords(card.call_type), card.owner, card.outcome ? outcomeWords(card.outcome) : "",
  ];
  return parts.filter(Boolean).join("\n").toLocaleLowerCase();
}

/** Every word of the question must be found somewhere; order and case do not matter. */
export function found<T extends Searchable>(all: readonly T[], question: string): T[] {
  const words = question.toLocaleLowerCase().split(/\s+/).filter(Boolean);
  return all.filter(({ text }) => words.every((word) => text.includes(word)));
}

const STATES: Record<string, string> = {
  ringing: "ringing", waiting: "waiting", talking: "on the line", held: "on hold",
  patched: "with the clinician", ended: "ended", lost: "cut off",
};

export function callStateWords(line: CallLine): string {
  if (line.state === "ended" && line.answer_ms === null) return "hung up before an answer";
  return STATES[line.state] ?? line.state;
}

const DISPOSITIONS: Record<string, string> = {
  page: "paged", hold_for_office: "held for you", answered: "answered", wrong_number: "wrong number",
  no_caller: "nobody there", called_back_no_answer: "rung back, no answer",
};

export function dispositionWords(disposition: string | null): string {
  return disposition ? (DISPOSITIONS[disposition] ?? disposition.replaceAll("_", " ")) : "not finished yet";
}
