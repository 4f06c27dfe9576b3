// The wallboard's words, on nights that went well and nights that did not.
import { describe, expect, test } from "vitest";
import { agentsInOrder, agentWords, figures, goingWords, needWords, partsWords, type EscalationView, type Floor } from "./board.ts";

process.env["TZ"] = "America/New_York";
const NOW = Date.parse("2031-03-10T06:19:00Z");
const FLOOR: Floor = {
  now: "2031-03-10T06:19:00Z", waiting: 2, longest_waiting_since: "2031-03-10T06:18:19Z", answered_in_20_s_percent: 86.4,
  on_calls: 7, agents_here: 9, ready: 1, paging: 3, paging_at_last: 1, needs_a_person: [], overdue_calls: [], agents: [],
  parts: { web: true, worker: true, switch: true, database: true },
};
const of = (floor: Floor | null, word: string) => figures(floor, NOW).find((one) => one.word === word)!;

function up(changes: Partial<EscalationView> = {}): EscalationView {
  return {
    account_name: "Elm Pediatrics", state: "open", step: 0, steps: [{ role: "first call", who: "Dr Lindt", pages: 1, wait_s: 300 }],
    pages: [], next_at: "2031-03-10T06:20:00Z", next_what: "Dr Lindt's landline is rung", held_by: "", held_at: null, ...changes,
  } as EscalationView;
}

describe("six figures, each beside its target", () => {
  test("an ordinary hour", () => {
    expect(figures(FLOOR, NOW).map((one) => `${one.word} ${one.value} ${one.beside}`.trim())).toEqual([
      "Waiting 2", "Longest 0:41 limit 1:00", "Answered ≤20 s 86 % target 85 %", "On calls 7 of 9", "Ready 1", "Paging 3 ▲ 1 at last",
    ]);
  });
  test("unknown is never zero", () => {
    expect(figures(null, NOW).map((one) => one.value)).toEqual(Array(6).fill("—"));
    expect(of({ ...FLOOR, answered_in_20_s_percent: null }, "Answered ≤20 s")).toMatchObject({ value: "—", beside: "none in the last hour", over: false });
    expect(of({ ...FLOOR, waiting: 0, longest_waiting_since: null }, "Longest").value).toBe("none");
  });
  test("past its limit a figure says by how much, in words too", () => {
    const long = { ...FLOOR, longest_waiting_since: "2031-03-10T06:17:20Z" };
    expect(of(long, "Longest")).toMatchObject({ value: "1:40", beside: "▲ over by 0:40", over: true });
    expect(of({ ...FLOOR, answered_in_20_s_percent: 84.9 }, "Answered ≤20 s").over).toBe(true);
    expect(of({ ...FLOOR, ready: 0 }, "Ready").beside).toBe("▲ nobody free");
    expect(of({ ...FLOOR, ready: 0, waiting: 0 }, "Ready").over).toBe(false);
  });
});

test("a part that does not answer is named", () => {
  expect(partsWords(FLOOR)).toEqual({ words: "all lines up", up: true });
  expect(partsWords({ ...FLOOR, parts: { web: true, switch: false } }).words).toBe("switch does not answer");
  expect(partsWords({ ...FLOOR, parts: { worker: false, switch: false } }).words).toBe("worker and switch do not answer");
  expect(partsWords(null).words).toBe("not known now");
});

describe("what needs a person says why", () => {
  const page = (channel: string, state: string) => ({ channel, state }) as EscalationView["pages"][number];
  test("exhausted, and how often the floor was told", () => {
    expect(needWords(up({ step: 1, pages: [page("app", "failed"), page("supervisor", "delivered"), page("supervisor", "going")] }))).toBe(
      "policy exhausted, told 2×",
    );
    expect(needWords(up({ step: 1, pages: [page("emergency", "going")] }))).toContain("emergency number rung");
  });
  test("undelivered, and what comes next when", () => {
    expect(needWords(up({ pages: [page("app", "failed"), page("phone", "failed")] }))).toBe(
      "page undelivered, Dr Lindt's landline is rung at 2:20 am",
    );
    expect(needWords(up({ pages: [page("app", "failed"), page("phone", "going")], next_at: null }))).toBe("nobody has it");
  });
});

test("what is under way always has a name or says that there is none", () => {
  expect(goingWords(up())).toBe("Dr Lindt is paged; Dr Lindt's landline is rung at 2:20 am");
  expect(goingWords(up({ steps: [{ role: "backup", who: "", pages: 1, wait_s: 60 }], next_at: null }))).toBe("nobody holds backup");
  expect(goingWords(up({ state: "held", held_by: "Dr Sharma", held_at: "2031-03-10T06:18:00Z" }))).toBe("Dr Sharma has it since 2:18 am");
});

test("agents who may need help stand first, those who are off last", () => {
  const agent = (name: string, state: string) => ({ person_id: name, name, state, since: FLOOR.now });
  const names = agentsInOrder([agent("Zoe", "off"), agent("Ann", "ready"), agent("Dana", "held"), agent("Bo", "no_audio"), agent("Cy", "new_state")]);
  expect(names.map((one) => one.name)).toEqual(["Bo", "Dana", "Ann", "Zoe", "Cy"]);
  expect(agentWords("no_audio")).toMatch(/cannot take calls/);
});
