// The mock's answers: one desk, one call, scenes chosen by POST /api/mock/{scene}. For looking, never for testing.
import { execFileSync } from "node:child_process";
import { No, type Route } from "./mock.ts";

type Tell = (kind: string, ids?: Record<string, string>) => void;
type Loose = Record<string, unknown>;
const id = (kind: string, n: number) => `${kind}_${String(n).padStart(32, "0")}`;
const ago = (seconds: number) => new Date(Date.now() - seconds * 1000).toISOString();
// The real protocols, from the real reader.
const READ = `
import json
from nightbell.scripts.library import call_type_json, load_call_types
from nightbell.triage.library import library_json, load_library
print(json.dumps(dict(library_json(load_library())) | {"call_types": [call_type_json(one) for one in load_call_types()]}))`;
const library = () => JSON.parse(execFileSync("../.venv/bin/python", ["-c", READ], { env: { ...process.env, PYTHONPATH: ".." } }).toString()) as Loose;

const state = ((globalThis as Loose)["mockState"] ??= fresh()) as ReturnType<typeof fresh>;
function fresh() {
  return {
    wish: "ready", offer: null as Loose | null, call: null as Loose | null, unfinished: [] as Loose[], open: [] as Loose[],
    waiting: 0, drafts: new Map<string, Loose>(), down: false,
  };
}

const account = {
  account_id: id("acct", 1), name: "Riverside Cardiology", specialty: "cardiology", time_zone: "America/New_York",
  answer_phrase: "Riverside Cardiology answering service, this is Dana.", open_now: false,
  changes_at: new Date(Math.ceil(Date.now() / 86_400_000) * 86_400_000 + 13 * 3_600_000).toISOString(), today: "Open 8:00 to 17:00",
  facts: [
    { kind: "directions", title: "Finding us", body: "We are at 18 Harbor Street, on the second floor, above the pharmacy. The elevator is to the left of the door." },
    { kind: "parking", title: "Parking", body: "Park in the garage on Mill Lane. Bring the ticket with you." },
    { kind: "hours", title: "Office hours", body: "The office is open Monday to Friday, 8 to 5." },
    { kind: "fax", title: "Fax number", body: "The fax number is 212 555 0149." },
    { kind: "preparation", title: "Before a stress test", body: "Eat nothing for three hours before the test. Wear shoes you can walk in." },
  ],
  standing_orders: [
    { kind: "order", title: "Breathless at rest", body: "page, whatever else is said." },
    { kind: "order", title: "Refills", body: "hold for the office unless a dose was missed." },
  ],
  on_call: [
    { role: "first call", who: "Dr Okafor", person_id: id("per", 4), until: new Date(Date.now() + 5 * 3_600_000).toISOString(), why: "covering Dr Lindt", reachable: true },
    { role: "backup", who: "Dr Sharma", person_id: id("per", 5), until: new Date(Date.now() + 5 * 3_600_000).toISOString(), why: "rotation", reachable: true },
  ],
  fallback_text: "The clinician on call has not been reached yet.",
};
function makeCall(more: Loose = {}): Loose {
  return {
    call_id: id("call", 1), account, answer_phrase: account.answer_phrase, did: "+12125550142", caller_number: "+12125550143",
    callback_number: "+12125550143", coverage: "after hours", state: "talking", rang_at: ago(14), answered_at: ago(5),
    held_since: null, ended_at: null, agent: "Dana Reyes", mine: true, tier: null, call_type: null, disposition: null, due_at: null,
    escalation: null, messages: [],
    earlier: [{ at: ago(86_400 * 2), kind: "call", who: "", facts: { tier: "T5", disposition: "hold_for_office" } }],
    ...more,
  };
}
const escalation = (more: Loose = {}): Loose => ({
  escalation_id: id("esc", 1), call_id: id("call", 1), message_id: null, account_id: account.account_id, account_name: account.name,
  tier: "T2", state: "open", held_by: "", held_at: null, step: 0,
  steps: [{ role: "first call", who: "Dr Okafor", pages: 2, wait_s: 300 }, { role: "backup", who: "Dr Sharma", pages: 1, wait_s: 300 }],
  next_at: new Date(Date.now() + 252_000).toISOString(), next_what: "Dr Sharma is paged", made_at: ago(48),
  pages: [
    { page_id: id("page", 1), role: "first call", who: "Dr Okafor", channel: "app", state: "delivered", made_at: ago(48), facts: [{ at: ago(40), kind: "on_device", who: "", facts: {} }] },
    { page_id: id("page", 2), role: "first call", who: "Dr Okafor", channel: "phone", state: "going", made_at: ago(30), facts: [{ at: ago(20), kind: "ringing", who: "", facts: {} }] },
  ],
  ...more,
});

const scenes: Record<string, () => void> = {
  empty: () => Object.assign(state, fresh()),
  off: () => Object.assign(state, fresh(), { wish: "off" }),
  ringing: () => Object.assign(state, fresh(), {
    waiting: 2,
    offer: { offer_id: id("offer", 1), call_id: id("call", 1), account_name: account.name, answer_phrase: account.answer_phrase, coverage: "after hours",
      rang_at: ago(9), expires_at: new Date(Date.now() + 14_000).toISOString(), why: "longest waiting" },
  }),
  live: () => Object.assign(state, fresh(), { call: makeCall(), waiting: 2 }),
  held: () => Object.assign(state, fresh(), { call: makeCall({ state: "held", held_since: ago(160), answered_at: ago(400), rang_at: ago(410) }) }),
  paging: () => Object.assign(state, fresh(), { call: makeCall({ tier: "T2", escalation: escalation() }) }),
  patched: () => Object.assign(state, fresh(), {
    call: makeCall({ state: "patched", tier: "T2", escalation: escalation({ state: "held", held_by: "Dr Okafor", held_at: ago(30), next_at: null }) }),
  }),
  wrap: () => Object.assign(state, fresh(), { unfinished: [makeCall({ state: "ended", ended_at: ago(20), due_at: new Date(Date.now() + 280_000).toISOString() })] }),
  lost: () => Object.assign(state, fresh(), {
    unfinished: [makeCall({ state: "lost", ended_at: ago(20), tier: "T3", due_at: new Date(Date.now() + 60_000).toISOString() })],
    open: [makeCall({ call_id: id("call", 7), mine: false, agent: "Priya Nair", state: "ended", ended_at: ago(900), due_at: ago(60) })],
  }),
  unknown: () => Object.assign(state, fresh(), { call: makeCall({ account: null, answer_phrase: "Doctors' answering service, this is Dana." }) }),
  down: () => { state.down = true; },
  up: () => { state.down = false; },
};

export function routes(tell: Tell): Record<string, Route> {
  const guard = (table: Record<string, Route>): Record<string, Route> =>
    Object.fromEntries(Object.entries(table).map(([key, run]) => [key, (asked) => {
      if (state.down && !key.includes("mock")) throw new No(503, "unreachable", "The database is away.");
      return run(asked);
    }]));
  const change = (more: Loose) => {
    state.call = state.call && { ...state.call, ...more };
    tell("call.changed");
  };
  const me = {
    person_id: id("per", 1), name: "Dana Reyes", kind: "agent", accounts: [], csrf: "mock", salt: "", kdf: { name: "argon2id", memory_kib: 65536, passes: 3, lanes: 1 },
    wrapped_key: "", key_id: id("key", 1), age_recipient: "", sign_public: "", service_name: "Nightbell Demonstration Service", is_demo: true,
  };
  return guard({
    "POST /api/mock/*": ({ path }) => {
      scenes[path.split("/").at(-1) ?? ""]?.();
      tell("desk.changed");
    },
    "GET /healthz": () => ({ ok: true }),
    "GET /api/me": () => me,
    "POST /api/sign-in": () => { throw new No(403, "wrong_passphrase", "That name and passphrase do not fit together. Try again; letters and spaces count."); },
    "GET /api/welcome": () => ({
      service_name: me.service_name, is_demo: true,
      demo_sign_ins: [["agent", "dana", "Dana Reyes"], ["supervisor", "sam", "Sam Whitfield"], ["clinician", "okafor", "Dr Ada Okafor"],
        ["clinician", "sharma", "Dr Nikhil Sharma"], ["office", "olive", "Olive Brandt"], ["administrator", "root", "Robin Ashe"]]
        .map(([kind, handle, name]) => ({ kind, handle: `${handle}@demo`, name, passphrase: "correct horse night bell" })),
    }),
    "GET /api/triage/library": library,
    "GET /api/desk": () => ({
      now: new Date().toISOString(), wish: state.wish, wish_since: ago(1800), audio_up: true, offer: state.offer, call: state.call,
      unfinished: state.unfinished, waiting: state.waiting, longest_waiting_since: state.waiting ? ago(41) : null, agents_ready: 1,
    }),
    "GET /api/calls/open": () => state.open,
    "PUT /api/desk/wish": ({ body }) => { state.wish = (body as { wish: string }).wish; tell("desk.changed"); },
    "POST /api/desk/audio": () => { throw new No(503, "unreachable", "The switch is away; the caller hears music and stays on the line. Connecting again."); },
    "POST /api/offers/*/accept": () => { state.offer = null; state.call = makeCall(); tell("desk.changed"); return state.call; },
    "POST /api/offers/*/refuse": () => { state.offer = null; tell("desk.changed"); },
    "POST /api/calls/*/hold": () => change({ state: "held", held_since: ago(0) }),
    "POST /api/calls/*/resume": () => change({ state: "talking", held_since: null }),
    "POST /api/calls/*/leave": () => change({ state: "ended", ended_at: ago(0) }),
    "POST /api/calls/*/hang-up": () => { state.unfinished = [{ ...state.call, state: "ended", ended_at: ago(0) }]; state.call = null; tell("call.changed"); },
    "POST /api/calls/*/ring-back": () => undefined,
    "POST /api/calls/*/take": () => state.open[0] ?? makeCall(),
    "POST /api/calls/*/patch": () => { change({ tier: "T2", escalation: escalation() }); return escalation(); },
    "PUT /api/calls/*/callback": ({ body }) => ({ number: "+12125550143", grouped: (body as { number: string }).number, warning: "" }),
    "GET /api/calls/*/draft": ({ path }) => state.drafts.get(path) ?? null,
    "PUT /api/calls/*/draft": ({ path, body }) => {
      const kept = { ...(body as Loose), saved_at: new Date().toISOString(), saved_by: "Dana Reyes" };
      state.drafts.set(path, kept);
      return kept;
    },
    "POST /api/calls/*/disposition": ({ body }) => { state.unfinished = []; state.call = null; tell("desk.changed"); void body; },
    "POST /api/calls/*/triage": ({ body }) => {
      const { client_tier: found, raise_to: raised } = body as { client_tier: string | null; raise_to: string | null };
      const tier = [found, raised, (state.call?.["tier"] ?? null) as string | null].filter(Boolean).sort()[0] ?? null;
      const begun = tier === "T1" || tier === "T2" ? escalation({ tier }) : null;
      change({ tier, escalation: begun });
      return { next_question: null, tier, rule: "mock", say: [], disposition: "page", call_tier: tier, escalation: begun };
    },
    "PUT /api/messages/*": ({ path, body }) => {
      const given = body as Loose;
      const card = {
        message_id: path.split("/").at(-1), account_id: account.account_id, account_name: account.name, call_id: given["call_id"], call_type: given["call_type"],
        tier: state.call?.["tier"] ?? "T5", disposition: given["disposition"], state: given["disposition"] === "page" ? "paging" : "held", owner: given["disposition"] === "page" ? "Escalation" : "Front office",
        owner_is_me: false, due_at: null, taken_at: ago(0), taken_by: "Dana Reyes", read_back: given["read_back"],
        recipients: ["Dr Okafor", "Dr Sharma", "Riverside front office"], facts: [],
      };
      change({ messages: [card], disposition: given["disposition"] });
      state.unfinished = [];
      return card;
    },
  });
}
