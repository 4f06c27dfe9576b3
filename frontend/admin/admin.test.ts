// What an administrator types means the practice's wall clock, and a recording is a WAV file.
import { expect, test } from "vitest";
import { firstPassphrase } from "./keys.ts";
import { wav } from "./recorder.ts";
import { instantOf } from "./wall.ts";

test("seven in the evening in New York is that instant from any computer", () => {
  expect(instantOf("2026-11-23T19:00", "America/New_York")).toBe("2026-11-24T00:00:00.000Z");
  expect(instantOf("2026-07-23T19:00", "America/New_York")).toBe("2026-07-23T23:00:00.000Z");
  expect(instantOf("2026-07-23T19:00", "Pacific/Kiritimati")).toBe("2026-07-23T05:00:00.000Z");
});

test("the hour that comes twice is its first, the hour that is skipped the one after it", () => {
  expect(instantOf("2026-11-01T01:30", "America/New_York")).toBe("2026-11-01T05:30:00.000Z");
  expect(instantOf("2026-03-08T02:30", "America/New_York")).toBe("2026-03-08T07:30:00.000Z");
});

test("no time is refused", () => {
  expect(() => instantOf("", "America/New_York")).toThrow(RangeError);
});

test("a recording is a WAV file of its samples", async () => {
  const file = new DataView(await wav(new Float32Array([0, 1, -1]), 48_000).arrayBuffer());
  expect(file.byteLength).toBe(44 + 6);
  expect(file.getUint32(24, true)).toBe(48_000);
  expect([file.getInt16(44, true), file.getInt16(46, true), file.getInt16(48, true)]).toEqual([0, 32767, -32767]);
});

test("a first passphrase is four words, and never the same", () => {
  expect(firstPassphrase()).toMatch(/^([a-z]{6} ){3}[a-z]{6}$/);
  expect(firstPassphrase()).not.toBe(firstPassphrase());
});
