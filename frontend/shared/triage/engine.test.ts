/** Both engines agree: every vector the Python engine wrote comes out the same here. */

import { readFileSync } from "node:fs";
import { expect, test } from "vitest";
import { type Compiled, moreUrgent, nextStep } from "./engine.ts";
import { find, type Hit } from "./search.ts";

type Vector = {
  protocol: string;
  answers: Record<string, string>;
  modifiers: string[];
  step: Record<string, unknown>;
};
type Vectors = {
  tables: Record<string, Compiled>;
  runs: Vector[];
  searches: { words: string; months: number | null; hits: Hit[] }[];
};

const vectors = JSON.parse(
  readFileSync(new URL("./vectors.json", import.meta.url), "utf8"),
) as Vectors;

test("every shared vector runs as it ran on the server", () => {
  expect(vectors.runs.length).toBeGreaterThan(1000);
  for (const { protocol, answers, modifiers, step } of vectors.runs) {
    const table = vectors.tables[protocol]!;
    const came = nextStep(table, answers, modifiers);
    const told = came.kind === "ask" ? { kind: "ask", question: came.question.id } : came;
    expect(told, `${protocol} ${JSON.stringify(answers)} ${modifiers}`).toEqual(step);
  }
});

test("every shared search finds what it found on the server", () => {
  for (const { words, months, hits } of vectors.searches) {
    expect(find(Object.values(vectors.tables), words, months), words).toEqual(hits);
  }
});

test("of two tiers the more urgent stands, and none is never more urgent than one", () => {
  expect(moreUrgent("T3", "T1")).toBe("T1");
  expect(moreUrgent(null, "T4")).toBe("T4");
  expect(moreUrgent(null, null)).toBeNull();
});
