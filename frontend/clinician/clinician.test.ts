// How pages stand, told as moments of a night.
import { describe, expect, test } from "vitest";
import { withoutWords } from "./kept.ts";
import { bytesOf } from "./push.ts";
import { filesNamedIn, told } from "./shell.ts";
import { brief, quiet, shown, standing, takenBy, type EscalationView, type PageCard } from "./standing.ts";
import { pageWords } from "./story.ts";
import { wayOf } from "./way.ts";

process.env["TZ"] = "America/New_York";

const PAGE = "page_" + "3".repeat(32);

function escalation(changes: Partial<EscalationView> = {}): EscalationView {
  return {
    escalation_id: "escalation_" + "1".repeat(32), call_id: "call_" + "2".repeat(32), message_id: null,
    account_id: "account_" + "1".repeat(32), account_name: "Riverside Cardiology", tier: "T3", state: "open",
    held_by: "", held_at: null, step: 0, made_at: "2031-03-10T06:15:00Z",
    steps: [
      { role: "first call", who: "Dr Okafor", pages: 2, wait_s: 300 },
      { role: "backup", who: "", pages: 1, wait_s: 600 },
    ],
    next_at: "2031-03-10T06:21:00Z", next_what: "Dr Sharma is paged",
    pages: [{ page_id: PAGE, role: "first call", who: "Dr Okafor", channel: "app", state: "delivered", made_at: "2031-03-10T06:16:00Z", facts: [] }],
    ...changes,
  };
}
const card = (changes: Partial<PageCard> = {}, up: Partial<EscalationView> = {}): PageCard => ({
  page_id: PAGE, being_taken: false, mine: false, escalation: escalation(up), ...changes,
});

describe("one page", () => {
  test("asked: who is woken next, and when, stands on the screen", () => {
    const how = standing(card());
    expect(how).toMatchObject({ state: "asked", since: "paged 2:16 am" });
    expect(how.next).toEqual({ words: "Dr Sharma is paged at 2:21 am", at: "2031-03-10T06:21:00Z" });
  });
  test("a page of my own has its own time, not the escalation's first", () => {
    const late = { ...escalation().pages![0]!, page_id: "page_" + "9".repeat(32), made_at: "2031-03-10T06:30:00Z" };
    const how = standing(card({ page_id: late.page_id }, { pages: [...escalation().pages!, late] }));
    expect(how.since).toBe("paged 2:30 am");
  });
  test("whoever looks is spoken to, a colleague spoken of", () => {
    const again = card({}, { next_what: "Dr Okafor is paged again" });
    expect(standing(again, "Dr Okafor").next?.words).toMatch(/^You are paged again at /);
    expect(standing(again, "Dr Sharma").next?.words).toMatch(/^Dr Okafor is paged again at /);
  });
  test("nobody can be named next: nothing is made up", () => {
    expect(standing(card({}, { next_at: null })).next).toBeNull();
  });
  test("mine: no countdown runs, since nobody is woken", () => {
    const how = standing(card({ mine: true }, { state: "held", held_by: "Dr Okafor", held_at: "2031-03-10T06:18:00Z" }));
    expect(how).toMatchObject({ state: "mine", since: "yours since 2:18 am", next: null });
  });
  test("somebody else was quicker: it says who and since when", () => {
    const up = { state: "held", held_by: "Dr Sharma", held_at: "2031-03-10T06:18:00Z" } as const;
    expect(standing(card({}, up)).state).toBe("another");
    expect(takenBy(escalation(up))).toBe("Dr Sharma has it since 2:18 am. Nothing for you to do.");
  });
  test("being taken: it can be had before there are words", () => {
    expect(standing(card({ being_taken: true })).note).toMatch(/still taking the message/);
  });
});

test("a page that comes while another is read does not take its place", () => {
  const first = card();
  const second = card({ page_id: "page_" + "8".repeat(32) }, { escalation_id: "escalation_" + "8".repeat(32), tier: "T1" });
  expect(shown([second, first], first.escalation.escalation_id)).toBe(first);
  expect(shown([second], first.escalation.escalation_id)).toBe(second);
  expect(shown([], null)).toBeNull();
});

test("a page that nobody has yet comes before one that is already mine", () => {
  const mine = card({ mine: true }, { state: "held", tier: "T1" });
  const open = card({}, { escalation_id: "escalation_" + "8".repeat(32) });
  expect(shown([mine, open], null)).toBe(open);
  expect(shown([mine, open], mine.escalation.escalation_id)).toBe(mine);
  expect([brief(mine), brief(open)]).toEqual(["yours", "2:16 am"]);
});

describe("nothing needs you", () => {
  const at = new Date("2031-03-10T06:16:00Z");
  const shift = { account_name: "Riverside", role: "first call", starts_at: "2031-03-09T22:00:00Z", ends_at: "2031-03-10T11:00:00Z" };
  test("on call: until when", () => {
    expect(quiet([shift], [], at)).toBe("Nothing needs you. You are first call until 7:00 am.");
  });
  test("two roles are both named, once each", () => {
    expect(quiet([shift, { ...shift, role: "backup" }, shift], [], at)).toContain("first call and backup until");
  });
  test("not on call: the next shift, with its day when it is far", () => {
    const far = { ...shift, starts_at: "2031-03-12T22:00:00Z" };
    expect(quiet([], [far], at)).toBe("Nothing needs you. You are not on call; next, first call from Wednesday 6:00 pm.");
    expect(quiet([], [], at)).toMatch(/no shift is planned/);
  });
});

test("who is next: an empty role is said to be passed over, and the supervisor stands last", () => {
  const words = pageWords(escalation()).map((row) => row.words);
  expect(words).toEqual([
    "Dr Okafor on the app: delivered, no answer yet",
    "backup: nobody holds it now, so it is passed over",
    "The service's supervisor, until a person has it",
  ]);
  expect(pageWords(escalation({ state: "held" }))).toHaveLength(1);
});

describe("the address fragment", () => {
  test("a token leads to the press, a page to the page, anything else to the pages", () => {
    expect(wayOf("#t=" + "aZ09-_".repeat(5))).toMatchObject({ screen: "token" });
    expect(wayOf("#p=" + PAGE)).toEqual({ screen: "page", pageId: PAGE });
    expect(wayOf("#/shifts")).toEqual({ screen: "shifts" });
    for (const odd of ["", "#", "#t=short", "#t=<script>", "#p=page_x", "#/elsewhere"])
      expect(wayOf(odd)).toEqual({ screen: "page", pageId: null });
  });
});

describe("the service worker", () => {
  test("a push shows no word it carries: only a well-made id and token are read", () => {
    const page = { page: PAGE, token: "a".repeat(43), title: "Luis Ruiz", body: "chest pain" };
    expect(told(JSON.stringify(page))).toEqual({ pageId: PAGE, token: "a".repeat(43) });
    for (const odd of ["", "{", "null", "[]", '"x"', '{"page":7,"token":{}}', '{"page":"page_<b>","token":"a b"}'])
      expect(told(odd)).toEqual({ pageId: "", token: "" });
  });
  test("the shell is every file the page leads to, and nothing of the API", () => {
    const html = '<script type="module" src="/assets/clinician-a1b2c3d4.js"></script><a href="/api/me">';
    expect(filesNamedIn(html, "/clinician/")).toEqual(["/assets/clinician-a1b2c3d4.js"]);
    const script = 'import"./kdf-11112222.js";new Worker(new URL("/assets/worker-33334444.js",x));f("assets/x-5555.css")';
    expect(filesNamedIn(script, "/assets/clinician-a1b2c3d4.js").sort()).toEqual([
      "/assets/kdf-11112222.js", "/assets/worker-33334444.js", "/assets/x-5555.css",
    ]);
    expect(filesNamedIn('@font-face{src:url(./face-1.woff2)format("woff2")}', "/assets/a.css")).toEqual(["/assets/face-1.woff2"]);
  });
});

test("the server's push key is read as bytes, whatever its padding", () => {
  expect([...bytesOf("-_8A")]).toEqual([251, 255, 0]);
});

test("what this phone keeps of a message is its sealed file, without the patient mark", () => {
  const kept = withoutWords({ message_id: "message_1", sealed: "YWdl", patient_mark: "mark" } as never);
  expect(kept).toMatchObject({ sealed: "YWdl", patient_mark: null });
});
