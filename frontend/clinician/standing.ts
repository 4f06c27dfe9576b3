// How one page stands: who has it, what happens next and when, and what I may do about it.

import type { components } from "../shared/api/schema.d.ts";
import { clockTime, dayName } from "../shared/time.ts";

export type PageCard = components["schemas"]["PageCard"];
export type EscalationView = components["schemas"]["EscalationView"];

export interface Next {
  words: string; // "Dr Sharma is paged at 2:21 am"
  at: string;
}

export interface Standing {
  state: "asked" | "mine" | "another" | "over";
  since: string; // "paged 2:16 am", "yours since 2:18 am"
  next: Next | null;
  note: string; // one more true sentence, or nothing
}

/** `me`: the name of whoever looks, who is spoken to and not about. */
export function standing(card: PageCard, me = ""): Standing {
  const { escalation } = card;
  const paged = `paged ${clockTime(pagedAt(card))}`;
  if (escalation.state === "closed")
    return { state: "over", since: paged, next: null, note: "This page is closed." };
  if (card.mine)
    return {
      state: "mine",
      since: escalation.held_at ? `yours since ${clockTime(escalation.held_at)}` : "yours",
      next: null,
      note: beingTaken(card),
    };
  if (escalation.state === "held")
    return { state: "another", since: paged, next: null, note: takenBy(escalation) };
  return { state: "asked", since: paged, next: nextOf(escalation, me), note: beingTaken(card) };
}

/** "Dr Sharma has it since 2:18 am. Nothing for you to do." */
export function takenBy(escalation: EscalationView): string {
  const who = escalation.held_by || "Somebody else";
  const since = escalation.held_at ? ` since ${clockTime(escalation.held_at)}` : "";
  return `${who} has it${since}. Nothing for you to do.`;
}

function nextOf(escalation: EscalationView, me: string): Next | null {
  if (!escalation.next_at) return null;
  const told = escalation.next_what || "The next person is paged";
  const what = me && told.startsWith(`${me} is `) ? `You are ${told.slice(me.length + 4)}` : told;
  const words = what.charAt(0).toUpperCase() + what.slice(1);
  return { words: `${words} at ${clockTime(escalation.next_at)}`, at: escalation.next_at };
}

function beingTaken(card: PageCard): string {
  return card.being_taken
    ? "The agent is still taking the message. You can take it now; the words follow by themselves."
    : "";
}

/** One page among several, in few words: "2:16 am", or "yours". */
export function brief(card: PageCard): string {
  return card.mine ? "yours" : clockTime(pagedAt(card));
}

function pagedAt(card: PageCard): string {
  const page = card.escalation.pages?.find((one) => one.page_id === card.page_id);
  return page?.made_at ?? card.escalation.made_at;
}

/** The page to show: the one in hand if it is still there, else one that nobody has yet, else the first.
 *  The server sorts by urgency. */
export function shown(cards: readonly PageCard[], chosen: string | null): PageCard | null {
  const inHand = cards.find((one) => one.escalation.escalation_id === chosen);
  return inHand ?? cards.find((one) => one.escalation.state === "open") ?? cards[0] ?? null;
}

export interface ShiftLike {
  account_name: string;
  role: string;
  starts_at: string;
  ends_at: string;
}

/** "Nothing needs you. You are first call until 7:00 am." */
export function quiet(now: readonly ShiftLike[], next: readonly ShiftLike[], at: Date): string {
  const shift = now[0];
  if (shift) {
    const roles = [...new Set(now.map((one) => one.role))].join(" and ");
    return `Nothing needs you. You are ${roles} until ${whenShort(shift.ends_at, at)}.`;
  }
  const coming = next[0];
  if (coming)
    return `Nothing needs you. You are not on call; next, ${coming.role} from ${whenShort(coming.starts_at, at)}.`;
  return "Nothing needs you. You are not on call, and no shift is planned.";
}

function whenShort(at: string, now: Date): string {
  const soon = new Date(at).getTime() - now.getTime() < 20 * 3_600_000;
  return soon ? clockTime(at) : `${dayName(at, undefined, now)} ${clockTime(at)}`;
}
