// The forms of this surface, blank and read from the server's views.
import type { Schemas } from "../shared/api/client.ts";

export type Account = Schemas["AccountView"];
export type AccountForm = Schemas["AccountEdit"];
export type Person = Schemas["PersonView"];
export type PersonForm = Schemas["PersonEdit"];
export type OnCall = Schemas["OnCallView"];

export const DAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"] as const;
export const KINDS: Record<PersonForm["kind"], string> = {
  agent: "Agent",
  supervisor: "Supervisor",
  administrator: "Administrator",
  clinician: "Clinician",
  office: "Office staff",
};
export const FACT_KINDS = ["directions", "hours", "parking", "fax", "portal", "preparation", "pharmacy", "other"] as const;

export function blankAccount(zone: string): AccountForm {
  return {
    name: "",
    specialty: "family medicine",
    time_zone: zone,
    answer_phrase: "{practice} answering service, this is {agent}.",
    caller_id: "",
    coverage_mode: "after_hours",
    office_number: null,
    fallback_text:
      "The clinician on call has not been reached yet. If anything gets worse, hang up and dial 911. We will keep trying.",
    hold_limit_h: 4,
    active: true,
    dids: [{ number: "", label: "main" }],
    hours: [0, 1, 2, 3, 4].map((weekday) => ({ weekday, opens_at: "08:00:00", closes_at: "17:00:00" })),
    special_days: [],
    greetings: [],
    facts: [],
    standing_orders: [],
  };
}

/** A plain copy: a view that a component holds is a proxy, which the browser's own cloning refuses. */
export function copy<T>(one: T): T {
  return JSON.parse(JSON.stringify(one)) as T;
}

/** What may be sent back of a view: the form alone, with the practice's name in the phrase. */
export function accountForm(view: Account): AccountForm {
  const { account_id: _id, keys_ready: _keys, gaps: _gaps, ...form } = copy(view);
  return form;
}

export function readyToSend(form: AccountForm): AccountForm {
  return {
    ...form,
    answer_phrase: form.answer_phrase.replaceAll("{practice}", form.name),
    office_number: form.office_number || null,
    dids: (form.dids).filter((one) => one.number.trim()),
    facts: (form.facts).filter((one) => one.title.trim() || one.body.trim()),
    standing_orders: (form.standing_orders).filter((one) => one.title.trim() || one.body.trim()),
  };
}

export function blankPerson(): PersonForm {
  return {
    name: "",
    kind: "clinician",
    active: true,
    memberships: [],
    contact_methods: [{ channel: "app", address: "", label: "Nightbell app", verified: true }],
  };
}

export function personForm(view: Person): PersonForm {
  const { person_id: _id, handle: _handle, age_recipient: _key, holds: _held, ...form } = copy(view);
  return form;
}

/** "08:00" as the server keeps a time, and back. */
export const clockOf = (stored: string | null | undefined): string => (stored ?? "").slice(0, 5);
export const storedClock = (typed: string): string => (typed.length === 5 ? `${typed}:00` : typed);

export function zones(): string[] {
  return Intl.supportedValuesOf("timeZone");
}
