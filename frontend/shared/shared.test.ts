// The plain words of every screen: times, numbers, keys, news, refusals.
import { beforeEach, describe, expect, it } from "vitest";
import { refusal } from "./api/client.ts";
import { wayOn } from "./home.ts";
import { found, notation, printed, withKeys } from "./keys.svelte.ts";
import { oncePerFrame, read, type News } from "./news.ts";
import { faultIn, grouped, groupedSoFar } from "./phone.ts";
import { mostUrgent } from "./tier.ts";
import { clockTime, dayTime, dateWords, forgetTime, learnTime, serverNow, span } from "./time.ts";

describe("time", () => {
  beforeEach(forgetTime);

  it("counts as m:ss and never below zero", () => {
    expect([0, 41_999, 192_000, 3_849_000, -5000].map(span)).toEqual(["0:00", "0:41", "3:12", "1:04:09", "0:00"]);
  });
  it("is told in the practice's own zone", () => {
    expect(clockTime("2026-03-09T07:14:00Z", "America/Los_Angeles")).toBe("12:14 am");
  });
  it("names the day when it is not today there", () => {
    const now = "2026-11-24T06:14:00Z"; // 1:14 am in New York
    expect(dayTime("2026-11-24T13:00:00Z", "America/New_York", now)).toBe("8:00 am");
    expect(dayTime("2026-11-25T13:00:00Z", "America/New_York", now)).toBe("8:00 am tomorrow");
  });
  it("writes a birth date the same in every zone", () => {
    expect(dateWords("1951-04-03")).toBe("3 Apr 1951");
  });
  it("a desk clock ten minutes slow still counts the server's minutes", () => {
    const sent = Date.now();
    learnTime(new Date(sent + 600_000 + 20).toISOString(), sent, sent + 40);
    expect(Math.abs(serverNow() - Date.now() - 600_000)).toBeLessThan(50);
  });
  it("a slow answer does not spoil what a quick one taught", () => {
    const sent = Date.now();
    learnTime(new Date(sent + 5000).toISOString(), sent, sent);
    learnTime(new Date(sent + 6000).toISOString(), sent, sent + 4000);
    expect(Math.abs(serverNow() - Date.now() - 5000)).toBeLessThan(50);
  });
});

describe("telephone numbers", () => {
  it("are grouped for reading aloud", () => {
    expect(grouped("+12125550143")).toBe("212 555 0143");
    expect(grouped("+442079460123")).toBe("+442079460123");
    expect(groupedSoFar("21255501")).toBe("212 555 01");
  });
  it("a digit too few is said with an example", () => {
    expect(faultIn("212 555 014")).toBe("Enter a call-back number with 10 digits, like 212 555 0143.");
    expect(faultIn("112 555 0143")).toContain("area code");
    expect(faultIn("1 (212) 555-0143")).toBe("");
  });
});

describe("keys", () => {
  it("a bare letter may never become a command: it would be typed into a message", () => {
    const key = { ctrlKey: false, metaKey: false, altKey: false, shiftKey: false };
    expect(notation({ ...key, key: "h" })).toBe("");
    expect(notation({ ...key, key: "1" })).toBe("");
    expect(notation({ ...key, key: "F2" })).toBe("F2");
    expect(notation({ ...key, key: "K", ctrlKey: true })).toBe("$mod+k");
  });
  it("prints keys as they stand on the keyboard", () => {
    expect(["$mod+k", "$mod+Enter", "F9"].map(printed)).toEqual(["Ctrl+K", "Ctrl+Enter", "F9"]);
  });
  it("a key that was switched off is gone, a chosen one stands", () => {
    const hold = { id: "hold", label: "Hold", keys: "F2", run: () => {} };
    expect(withKeys(hold, { hold: "" }).keys).toBeUndefined();
    expect(withKeys(hold, { hold: "F3" }).keys).toBe("F3");
  });
  it("finds an act by the beginnings of its words", () => {
    const all = ["Patch Dr Okafor", "Pause", "Hold the caller"].map((label) => ({ id: label, label, run: () => {} }));
    expect(found(all, "oka").map((one) => one.label)).toEqual(["Patch Dr Okafor"]);
    expect(found(all, "pa").map((one) => one.label)).toEqual(["Patch Dr Okafor", "Pause"]);
    expect(found(all, "zebra")).toEqual([]);
  });
});

describe("news", () => {
  it("a burst is handed on once, each hint once", () => {
    const batches: News[][] = [];
    const frames: (() => void)[] = [];
    const gather = oncePerFrame((batch) => batches.push(batch), (run) => frames.push(run));
    for (let n = 0; n < 50; n++) gather(read("call.changed", '{"ids":{"call":"call_1"}}'));
    gather(read("desk.changed", '{"ids":{}}'));
    expect(batches).toEqual([]);
    for (const frame of frames) frame();
    expect(batches.map((batch) => batch.map((one) => one.kind))).toEqual([["call.changed", "desk.changed"]]);
  });
  it("what cannot be read makes the screen look for itself", () => {
    expect(read("call.changed", "<html>")).toEqual({ kind: "hello", ids: {} });
  });
});

describe("refusals", () => {
  it("say the server's own sentence", () => {
    const told = refusal(409, { code: "stale", sentence: "Priya took this message at 2:16.", facts: {} });
    expect([told.message, told.code, told.unreachable]).toEqual(["Priya took this message at 2:16.", "stale", false]);
  });
  it("a proxy's page of HTML still becomes a sentence", () => {
    expect(refusal(502, "<html>Bad Gateway</html>").message).toMatch(/^The server could not do that \(502\)\./);
  });
});

it("the most urgent tier wins, and unknown is not a tier", () => {
  expect(mostUrgent("T4", null, "T2", undefined)).toBe("T2");
  expect(mostUrgent(null)).toBeNull();
});

it("signing in never leads to another server", () => {
  expect(wayOn("//evil.example/", "agent")).toBe("/console/");
  expect(wayOn("https://evil.example/", "agent")).toBe("/console/");
  expect(wayOn("/office/?night=1", "office")).toBe("/office/?night=1");
});
