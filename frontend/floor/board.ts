// What the wallboard says: six figures beside their targets, and what needs a person, in words.

import type { components } from "../shared/api/schema.d.ts";
import { clockTime, span } from "../shared/time.ts";

export type Floor = components["schemas"]["Floor"];
export type EscalationView = components["schemas"]["EscalationView"];
export type AgentLine = components["schemas"]["AgentLine"];

export const LONGEST_LIMIT_S = 60;
export const ANSWERED_TARGET_PERCENT = 85;
export const STALE_MS = 15_000; // older figures are not figures any more

export interface Figure {
  word: string;
  value: string;
  beside: string; // its target, or what stands behind it
  over: boolean;
}

const UNKNOWN = "—";

/** Six figures; `null` for a floor that is not known now. */
export function figures(floor: Floor | null, nowMs: number): Figure[] {
  const waitedMs = floor?.longest_waiting_since ? nowMs - Date.parse(floor.longest_waiting_since) : null;
  const percent = floor?.answered_in_20_s_percent ?? null;
  const known = (value: number | undefined) => (value === undefined ? UNKNOWN : String(value));
  const late = waitedMs !== null && waitedMs > LONGEST_LIMIT_S * 1000;
  return [
    { word: "Waiting", value: known(floor?.waiting), beside: "", over: false },
    {
      word: "Longest",
      value: !floor ? UNKNOWN : waitedMs === null ? "none" : span(waitedMs),
      beside: late ? `▲ over by ${span(waitedMs - LONGEST_LIMIT_S * 1000)}` : `limit ${span(LONGEST_LIMIT_S * 1000)}`,
      over: late,
    },
    {
      word: "Answered ≤20 s",
      value: percent === null ? UNKNOWN : `${Math.round(percent)} %`,
      beside: floor && percent === null ? "none in the last hour" : `target ${ANSWERED_TARGET_PERCENT} %`,
      over: percent !== null && percent < ANSWERED_TARGET_PERCENT,
    },
    { word: "On calls", value: floor ? `${floor.on_calls} of ${floor.agents_here}` : UNKNOWN, beside: "", over: false },
    { word: "Ready", value: known(floor?.ready), beside: floor && floor.ready === 0 && floor.waiting > 0 ? "▲ nobody free" : "", over: floor?.ready === 0 && floor.waiting > 0 },
    {
      word: "Paging",
      value: known(floor?.paging),
      beside: floor?.paging_at_last ? `▲ ${floor.paging_at_last} at last` : "",
      over: Boolean(floor?.paging_at_last),
    },
  ];
}

/** "all lines up", or which part does not answer; unknown says so. */
export function partsWords(floor: Floor | null): { words: string; up: boolean } {
  if (!floor) return { words: "not known now", up: false };
  const down = Object.entries(floor.parts).filter(([, up]) => !up).map(([part]) => part);
  if (down.length === 0) return { words: "all lines up", up: true };
  return { words: `${down.join(" and ")} ${down.length === 1 ? "does" : "do"} not answer`, up: false };
}

/** Why this one needs a person: "policy exhausted, told 2×", or what is next and when. */
export function needWords(one: EscalationView): string {
  if (one.step >= one.steps.length) {
    const told = one.pages.filter((page) => page.channel === "supervisor").length;
    const rung = one.pages.filter((page) => page.channel === "emergency").length;
    return ["policy exhausted", told ? `told ${told}×` : "", rung ? "emergency number rung" : ""].filter(Boolean).join(", ");
  }
  const failed = one.pages.length > 0 && one.pages.every((page) => page.state === "failed");
  const why = failed ? "page undelivered" : "nobody has it";
  return one.next_at ? `${why}, ${one.next_what || "next"} at ${clockTime(one.next_at)}` : why;
}

/** Nothing runs out of sight: who has it, or who is next and when. */
export function goingWords(one: EscalationView): string {
  if (one.state === "held") return `${one.held_by || "somebody"} has it${one.held_at ? ` since ${clockTime(one.held_at)}` : ""}`;
  const step = one.steps[one.step];
  const now = !step ? "the supervisor is told" : step.who ? `${step.who} is paged` : `nobody holds ${step.role}`;
  return one.next_at ? `${now}; ${one.next_what || "the next"} at ${clockTime(one.next_at)}` : now;
}

const STATES: Record<string, string> = {
  ready: "ready", offered: "being offered a call", talking: "on a call", held: "caller on hold", wrap_up: "finishing up",
  pause: "on a pause", off: "off", no_audio: "no audio: cannot take calls",
};
const ORDER = ["no_audio", "held", "talking", "wrap_up", "offered", "ready", "pause", "off"];

export function agentWords(state: string): string {
  return STATES[state] ?? state.replaceAll("_", " ");
}

/** Who may need help first; the names of those who are off come last. */
export function agentsInOrder(agents: readonly AgentLine[]): AgentLine[] {
  const rank = (one: AgentLine) => (ORDER.indexOf(one.state) + ORDER.length + 1) % (ORDER.length + 1);
  return [...agents].sort((a, b) => rank(a) - rank(b) || a.name.localeCompare(b.name));
}
