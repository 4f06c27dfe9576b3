// What the console decides by itself: where the script stands, how a call ends, what is missing, what was meant.
import { describe, expect, it } from "vitest";
import type { Compiled } from "../shared/triage/engine.ts";
import { ageWords, bornOn } from "./born.ts";
import { answersInWords, blank, deed, endingOf, fromDraft, merged, missing, placeOf, tierFound, type Form, type Run } from "./form.ts";
import { readCallType, readLibrary, type CallTypeField, type Library } from "./library.ts";

const NOW = Date.parse("2026-11-24T07:14:00Z");
const yesNo = [
  { id: "yes", label: { en: "Yes", es: "Sí" }, worry: 2 },
  { id: "no", label: { en: "No", es: "No" }, worry: 0 },
  { id: "unknown", label: { en: "Caller can't say" }, worry: 1 },
];
function table(id: string, more: Partial<Compiled> = {}): Compiled {
  return {
    id, version: "1", hash: "sha256:0", status: "draft", title: { en: id.replaceAll("-", " ") },
    applies: { from_months: 0, under_months: null }, synonyms: [], counted: [],
    questions: [{ id: "rest", ask: { en: "Is it there at rest?" }, answers: yesNo, cite: [] }],
    rules: [{ id: "rest.yes", when: { rest: ["yes"] }, tier: "T2", say: [], cite: [] }],
    otherwise: "T4", otherwise_say: [], floor: "T4",
    say: { T1: ["call_911"], T2: ["connecting_now"], T3: ["call_back_30"], T4: ["same_day"], T5: ["message_taken"] },
    handoff: ["onset"], ...more,
  };
}
const look = table("first-look", {
  questions: [{ id: "breathing", ask: { en: "Any trouble breathing?" }, answers: yesNo, cite: [] }],
  rules: [{ id: "breathing.yes", when: { breathing: ["yes", "unknown"] }, tier: "T1", say: [], cite: [] }],
  otherwise: null, floor: "T1",
});
const library: Library = {
  firstLook: look,
  protocols: [
    table("something-else"),
    table("adult-chest-pain", { synonyms: ["tight chest", "heartburn", "pressure in chest"] }),
    table("infant-fever", { synonyms: ["baby is hot", "temperature"], applies: { from_months: 0, under_months: 3 } }),
    table("breathing-trouble", { synonyms: ["short of breath", "wheezing"] }),
  ],
  phrases: {}, modifiers: [{ id: "over_75", label: { en: "Over 75" } }], fields: { onset: { en: "When did it start?" } },
  callTypes: [
    readCallType({ id: "clinical", label: { en: "Symptom" }, say: { en: "" }, starts: "triage", disposition: "page",
      fields: fields("caller", "patient", "born", "callback", "about") }),
    readCallType({ id: "refill", label: { en: "Refill" }, say: { en: "" }, starts: "form", disposition: "hold_for_office", tier: "T5",
      checks: [{ id: "missed", ask: { en: "Has any been missed?" }, opens: "something-else" }],
      fields: fields("patient", "callback", "medicine") }),
    readCallType({ id: "directions", label: { en: "Directions" }, say: { en: "" }, starts: "facts", disposition: "answered", closes_as: "answered" }),
    readCallType({ id: "wrong_number", label: { en: "Wrong number" }, say: { en: "" }, starts: "close", disposition: "no_message", closes_as: "wrong_number" }),
  ],
};
function fields(...ids: string[]): CallTypeField[] {
  return ids.map((id) => ({ id, label: { en: id }, kind: "text", needed: "finish" }));
}
const form = (more: Partial<Form> = {}): Form => ({ ...blank("msg_0", "212 555 0143"), ...more });
const clear = { look: { breathing: "no" } };
const live = { onTheLine: true, bornOn: "1951-04-03" };
const noDanger = { ...clear, checks: { missed: "no" } };

describe("where the script stands", () => {
  it("the first look comes before anything else", () => {
    expect(placeOf(form({ callType: "refill" }), library).kind).toBe("look");
  });
  it("a caller who cannot breathe is told 911 at once, whatever the call type", () => {
    for (const breathing of ["yes", "unknown"]) {
      const place = placeOf(form({ look: { breathing }, callType: "refill" }), library);
      expect(place).toEqual({ kind: "end", tier: "T1", say: ["call_911"] });
    }
  });
  it("two complaints: the more urgent one wins and neither is left out", () => {
    const runs: Run[] = [{ protocol: "something-else", answers: { rest: "no" } }, { protocol: "breathing-trouble", answers: {} }];
    expect(placeOf(form({ ...clear, callType: "clinical", runs }), library)).toMatchObject({ kind: "ask", at: 1 });
    runs[1] = { protocol: "breathing-trouble", answers: { rest: "yes" } };
    expect(tierFound(form({ ...clear, callType: "clinical", runs }), library)).toBe("T2");
  });
  it("the agent's instinct raises and never lowers", () => {
    const runs = [{ protocol: "breathing-trouble", answers: { rest: "yes" } }];
    expect(tierFound(form({ ...clear, callType: "clinical", runs, raisedTo: "T1" }), library)).toBe("T1");
    expect(tierFound(form({ ...clear, callType: "clinical", runs, raisedTo: "T4" }), library)).toBe("T2");
  });
});

describe("a routine call that is not routine", () => {
  const refill = { ...clear, callType: "refill" };
  it("a refill is asked its own question before it is a form", () => {
    expect(placeOf(form(refill), library)).toMatchObject({ kind: "check", question: { id: "missed" } });
    expect(placeOf(form({ ...refill, checks: { missed: "no" } }), library)).toMatchObject({ kind: "end", tier: "T5" });
  });
  it("a missed dose opens the protocol and its answers decide", () => {
    const opened = { ...refill, checks: { missed: "yes" }, runs: [{ protocol: "something-else", answers: {} }] as Run[] };
    expect(placeOf(form(opened), library)).toMatchObject({ kind: "ask", at: 0 });
    opened.runs = [{ protocol: "something-else", answers: { rest: "yes" } }];
    expect(placeOf(form(opened), library)).toEqual({ kind: "end", tier: "T2", say: ["connecting_now"] });
  });
  it("raised by the agent, it is said in the words of the tier it was raised to", () => {
    const runs = [{ protocol: "something-else", answers: { rest: "no" } }];
    const place = placeOf(form({ ...clear, callType: "clinical", runs, raisedTo: "T3" }), library);
    expect(place).toEqual({ kind: "end", tier: "T3", say: ["call_back_30"] });
  });
});

it("modifiers are understood as a list and as a table", () => {
  const sent = { first_look: look, protocols: [], phrases: {}, call_types: [] };
  const listed = readLibrary({ ...sent, modifiers: [{ id: "infant", label: { en: "Baby" } }] } as never);
  const tabled = readLibrary({ ...sent, modifiers: { infant: { en: "Baby" } } } as never);
  expect(listed.modifiers).toEqual(tabled.modifiers);
});

describe("how it ends", () => {
  const night = { holder: "Dr Okafor", opensAt: "2026-11-24T13:00:00Z", zone: "America/New_York", now: NOW, openNow: false };
  it("finish states the deed", () => {
    expect(deed("page", "T3", night)).toBe("page ▲ Dr Okafor");
    expect(deed("page", "T1", night)).toBe("page ◆ Dr Okafor");
    expect(deed("hold_for_office", "T5", night)).toBe("hold for 8:00 am");
    expect(deed("hold_for_office", "T5", { ...night, now: Date.parse("2026-11-23T23:00:00Z") })).toBe("hold for 8:00 am tomorrow");
  });
  it("an empty rota is said, not hidden", () => {
    expect(deed("page", "T2", { ...night, holder: "" })).toContain("nobody is on call");
  });
  it("a refill that turned urgent is paged, not held", () => {
    expect(endingOf(form({ ...clear, callType: "refill" }), library, "T3")).toBe("page");
    expect(endingOf(form({ ...clear, callType: "refill" }), library, "T5")).toBe("hold_for_office");
  });
  it("directions with something written down become a message: nothing typed is thrown away", () => {
    expect(endingOf(form({ ...clear, callType: "directions" }), library, "T5")).toBe("answered");
    expect(endingOf(form({ ...clear, callType: "directions", about: "also wants a refill" }), library, "T5")).toBe("hold_for_office");
  });
});

describe("what is missing", () => {
  const whole = { ...clear, callType: "clinical", runs: [{ protocol: "breathing-trouble", answers: { rest: "yes" } }], caller: "Ana Ruiz", patient: "Luis Ruiz", born: "4/3/51", about: "breathless" };
  const at = (given: Partial<Form>, of: Partial<typeof live> = {}, tier: "T1" | "T2" | "T3" | "T5" = "T3") =>
    missing(form(given), library, { tier, ...live, ...of }).map((one) => one.at);
  it("read back is required while the caller can still be asked", () => {
    expect(at(whole)).toEqual(["readback"]);
    expect(at({ ...whole, readBack: true })).toEqual([]);
    expect(at(whole, { onTheLine: false })).toEqual([]);
  });
  it("a digit too few, a birth date nobody has", () => {
    expect(at({ ...whole, readBack: true, callback: "212 555 014" })).toEqual(["callback"]);
    expect(at({ ...whole, readBack: true, born: "31/31/31" }, { bornOn: "" })).toEqual(["born"]);
  });
  it("a refill names its medicine", () => {
    expect(at({ ...noDanger, callType: "refill", patient: "M Chen", readBack: true }, {}, "T5")).toEqual(["field-medicine"]);
  });
  it("nothing at all delays a patch or a 911 call", () => {
    for (const tier of ["T1", "T2"] as const) {
      const left = missing(form({ look: {} }), library, { tier, ...live });
      expect(left.length).toBeGreaterThan(0);
      expect(left.filter((one) => one.must)).toEqual([]);
    }
    expect(missing(form({ look: {} }), library, { tier: "T3", ...live }).every((one) => one.must)).toBe(true);
  });
});

describe("the message", () => {
  it("carries every answer, what was skipped and why", () => {
    const words = answersInWords(form({
      lookSkipped: "Caller refuses the questions", callType: "clinical", modifiers: ["over_75"],
      runs: [{ protocol: "breathing-trouble", answers: { rest: "no" } }], fields: { onset: "Sunday" }, given: ["Parking"],
    }), library);
    expect(words).toEqual([
      { ask: "First look", answer: "Skipped: Caller refuses the questions" },
      { ask: "Protocol", answer: "breathing trouble 1" },
      { ask: "Is it there at rest?", answer: "No" },
      { ask: "Also true", answer: "Over 75" },
      { ask: "When did it start?", answer: "Sunday" },
      { ask: "Read out to the caller", answer: "Parking" },
    ]);
  });
  it("a draft of another kind never breaks the screen", () => {
    const fresh = form();
    for (const odd of [null, 7, "x", {}, { v: 2 }, { v: 1, runs: "no", caller: 3 }]) {
      expect(fromDraft(odd, fresh)).toEqual(fresh);
    }
    expect(fromDraft({ ...fresh, caller: "Ana" }, form()).caller).toBe("Ana");
  });
});

it("two agents in one message: neither loses a word, and it stays one message", () => {
  const theirs = form({ messageId: "msg_1", caller: "Ana", about: "chest" });
  const mine = form({ messageId: "msg_2", patient: "Luis", about: "tight chest" });
  const both = merged(theirs, mine, blank("", ""));
  expect(both).toMatchObject({ messageId: "msg_1", caller: "Ana", patient: "Luis", about: "tight chest" });
});

describe("birth dates", () => {
  it("are read as they are said", () => {
    for (const said of ["4/3/1951", "4/3/51", "apr 3 1951", "3 Apr 51", "April 3rd, 1951", "1951-04-03", "4-3-51"]) {
      expect(bornOn(said, NOW), said).toBe("1951-04-03");
    }
  });
  it("the newborn of this month is not a hundred years old", () => {
    expect(bornOn("11/10/26", NOW)).toBe("2026-11-10");
    expect(ageWords("2026-11-10", NOW)).toBe("14 days");
    expect(ageWords("1951-04-03", NOW)).toBe("75");
  });
  it("impossible days are refused", () => {
    for (const said of ["2/30/1951", "13/1/1951", "tomorrow", "1/1/2031", "1/1/1890", ""]) expect(bornOn(said, NOW), said).toBe("");
  });
});
