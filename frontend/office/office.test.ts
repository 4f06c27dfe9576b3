// The office's morning, told as nights.
import { describe, expect, test } from "vitest";
import { callStateWords, dispositionWords, figures, found, nightTitle, otherDays, searchText, story, summary, type CallLine, type LastNight } from "./night.ts";
import type { MessageCard } from "../shared/message/words.ts";

const NIGHT: LastNight = {
  account_id: "account_" + "1".repeat(32), account_name: "Riverside Cardiology", time_zone: "America/New_York",
  from_at: "2031-03-09T22:00:00Z", to_at: "2031-03-10T12:00:00Z",
  figures: { calls: 11, answered: 11, abandoned: 0, answer_ms_p50: 9000, answer_ms_max: 31_000, slowest_at: "2031-03-10T05:07:00Z", paged: 2, accept_ms_p50: 120_000 },
  waiting: [], handled: [], calls: [], tonight: [],
};
const MORNING = new Date("2031-03-10T13:00:00Z");

function card(changes: Partial<MessageCard> = {}): MessageCard {
  return {
    message_id: "message_1", account_id: NIGHT.account_id, account_name: NIGHT.account_name, call_id: "call_1", call_type: "breathing",
    tier: "T3", disposition: "page", state: "closed", owner: "Dr Okafor", owner_is_me: false, due_at: null,
    taken_at: "2031-03-10T06:13:00Z", taken_by: "Dana", read_back: true, recipients: [], facts: [], ...changes,
  } as MessageCard;
}
const fact = (at: string, kind: string, who: string) => ({ at, kind, who, facts: {} });
const held = card({ disposition: "hold_for_office", state: "held", owner: "Front office", tier: "T5" });

describe("one sentence says the night", () => {
  test("what waits comes first, then what was paged, then what is done", () => {
    const night = { ...NIGHT, waiting: [held, held, held], handled: [card(), card({ state: "taken" }), card({ disposition: "answered" })] };
    expect(summary(night)).toBe("11 calls, all answered: 3 wait for you, 2 paged and taken, 1 closed.");
  });
  test("a quiet night", () => {
    const none = { ...NIGHT.figures, calls: 0, answered: 0 };
    expect(summary({ ...NIGHT, figures: none })).toBe("A quiet night: no calls after 6 pm.");
    expect(summary({ ...NIGHT, figures: none, waiting: [held] })).toBe("No calls: 1 waits for you.");
  });
  test("callers who hung up are not hidden", () => {
    expect(summary({ ...NIGHT, figures: { ...NIGHT.figures, answered: 9, abandoned: 2 } })).toBe(
      "11 calls, 9 answered, 2 hung up before an answer. Nothing waits for you.",
    );
    expect(summary({ ...NIGHT, figures: { ...NIGHT.figures, calls: 1, answered: 1 } })).toMatch(/^1 call, answered/);
  });
  test("a page that nobody has yet is not called taken", () => {
    const words = summary({ ...NIGHT, handled: [card({ state: "paging", owner: "Escalation" })] });
    expect(words).toContain("1 still being paged");
    expect(words).not.toContain("taken");
  });
});

test("what is open from another day is not out of sight, soonest due first, and nothing stands twice", () => {
  const late = card({ message_id: "message_9", state: "held", due_at: "2031-03-10T18:00:00Z" });
  const soon = card({ message_id: "message_8", state: "paging", due_at: "2031-03-10T13:00:00Z" });
  const done = card({ message_id: "message_7" });
  expect(otherDays({ ...NIGHT, waiting: [held] }, [late, held, soon, done])).toEqual([soon, late]);
  expect(otherDays(null, [late])).toEqual([late]);
});

test("the title says whose night, in the practice's own zone", () => {
  expect(nightTitle(NIGHT, true, MORNING)).toBe("Last night, Sun 6 pm to Mon 8 am");
  expect(nightTitle(NIGHT, true, new Date("2031-03-10T06:00:00Z"))).toBe("Tonight, Sun 6 pm to Mon 8 am");
  expect(nightTitle(NIGHT, false, MORNING)).toBe("Sun 6 pm to Mon 8 am");
});

describe("a handled message is its facts, in order", () => {
  const page = (at: string, channel: "app" | "phone", who = "Dr Okafor") => ({ page_id: at + channel, role: "first call", who, channel, state: "delivered", made_at: at, facts: [] });
  const up = (pages: ReturnType<typeof page>[]) => ({ pages, held_by: "Dr Okafor", held_at: "2031-03-10T06:18:00Z" }) as unknown as MessageCard["escalation"];
  const words = (one: MessageCard) => story(one).map((step) => step.words);

  test("taken, paged, accepted, called back, closed", () => {
    const facts = [
      fact("2031-03-10T06:13:00Z", "taken", "Dana"), fact("2031-03-10T06:17:00Z", "read", "Dr Okafor"),
      fact("2031-03-10T06:18:00Z", "accepted", "Dr Okafor"), fact("2031-03-10T06:24:00Z", "called_back", "Dr Okafor"),
    ];
    const one = card({ facts, outcome: "advised_by_phone", closed_at: "2031-03-10T06:31:00Z", escalation: up([page("2031-03-10T06:16:00Z", "app")])! });
    expect(words(one)).toEqual(["taken", "paged", "Dr Okafor", "called back", "advised by phone"]);
  });
  test("the app and the telephone of one round are one page; the next round is paged again", () => {
    const pages = [page("2031-03-10T06:16:00Z", "app"), page("2031-03-10T06:16:01Z", "phone"), page("2031-03-10T06:21:00Z", "app")];
    expect(words(card({ escalation: up(pages)! })).filter((one) => one.startsWith("paged"))).toEqual(["paged", "paged again"]);
  });
  test("who has it is named once, though both the page and the message say so", () => {
    const facts = [fact("2031-03-10T06:18:00Z", "owned", "Dr Okafor"), fact("2031-03-10T06:18:00Z", "accepted", "Dr Okafor")];
    expect(words(card({ facts, escalation: up([])! }))).toEqual(["taken", "Dr Okafor"]);
  });
  test("a refusal stands in the line", () => {
    expect(words(card({ facts: [fact("2031-03-10T06:17:00Z", "declined", "Dr Lindt")] }))).toContain("Dr Lindt: not me");
  });
});

describe("figures", () => {
  const value = (night: LastNight, word: string) => figures(night).find((one) => one.word === word)?.value;
  test("unknown is never zero, and zero is never unknown", () => {
    const f = { ...NIGHT.figures, answer_ms_p50: null, answer_ms_max: null, accept_ms_p50: null };
    expect(value({ ...NIGHT, figures: f }, "Median")).toBe("unknown");
    expect(value({ ...NIGHT, figures: f }, "To a clinician")).toBe("unknown");
    expect(value(NIGHT, "Abandoned")).toBe("0");
    expect(value({ ...NIGHT, figures: { ...f, calls: 0, paged: 0 } }, "Median")).toBe("no calls");
    expect(value({ ...NIGHT, figures: { ...f, paged: 0 } }, "To a clinician")).toBe("no pages");
  });
  test("the slowest answer has its time, there", () => {
    expect(value(NIGHT, "Slowest")).toBe("31 s (1:07 am)");
  });
});

describe("search, in this browser", () => {
  const opened = {
    body: { caller: "Ana Ruiz, daughter", patient: "Luis Ruiz", born: "1951-04-03", callback: "+12125550143", about: "Ankle swelling", answers: [{ ask: "Pharmacy?", answer: "Oak Street" }], tier: "T3" },
  } as Parameters<typeof searchText>[1];
  const all = [{ card: card(), text: searchText(card(), opened) }, { card: card({ message_id: "message_2" }), text: searchText(card(), null) }];
  test("words in any order and case; a telephone number as it is read or typed; a birth date", () => {
    for (const question of ["ruiz ana", "SWELLING luis", "2125550143", "3 Apr 1951", "oak", "  "])
      expect(found(all, question).map((one) => one.card.message_id)).toContain("message_1");
    expect(found(all, "swelling").length).toBe(1);
    expect(found(all, "luis chen")).toEqual([]);
  });
  test("what was not opened here cannot be found by its words, only by its kind", () => {
    expect(found(all, "breathing").length).toBe(2);
    expect(found([all[1]!], "ruiz")).toEqual([]);
  });
});

test("a call line says what became of it", () => {
  const call = { state: "ended", answer_ms: null } as CallLine;
  expect(callStateWords(call)).toBe("hung up before an answer");
  expect(callStateWords({ ...call, state: "lost" })).toBe("cut off");
  expect(dispositionWords(null)).toBe("not finished yet");
  expect(dispositionWords("hold_for_office")).toBe("held for you");
});
