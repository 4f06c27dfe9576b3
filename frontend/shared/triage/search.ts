/** Which protocol to open, from what the caller says: the same search as `nightbell/triage/search.py`. */

import type { Compiled } from "./engine.ts";

export type Hit = { protocol: string; score: number };

const FIRST_LOOK = "first-look";
const FALLBACK = "something-else";
const SMALL_WORDS = new Set(
  "a an the is in on of to my his her i he she it and with has have de la el un una en me le se y".split(
    " ",
  ),
);
const ENOUGH = 50;

/** Protocols that fit, best first; the fallback, which pages, is always last. */
export function find(
  tables: readonly Compiled[],
  words: string,
  months: number | null = null,
): Hit[] {
  return tables
    .filter((table) => table.id !== FIRST_LOOK && table.id !== FALLBACK && ofAge(table, months))
    .map((table) => ({ protocol: table.id, score: score(table, words) }))
    .filter((hit) => hit.score >= ENOUGH)
    .sort((a, b) => b.score - a.score || (a.protocol < b.protocol ? -1 : 1))
    .concat({ protocol: FALLBACK, score: 0 });
}

function score(table: Compiled, words: string): number {
  const typed = tokens(words);
  if (typed.length === 0) return 0;
  const phrases = [...Object.values(table.title), ...table.synonyms].map(tokens);
  return Math.max(0, ...phrases.map((phrase) => share(typed, phrase)));
}

function tokens(text: string): string[] {
  const plain = text
    .toLowerCase()
    .normalize("NFD")
    .replace(/[\u0300-\u036f']/g, "");
  const every = plain.match(/[a-z0-9]+/g) ?? [];
  const large = every.filter((word) => !SMALL_WORDS.has(word));
  return large.length > 0 ? large : every;
}

function share(typed: string[], phrase: string[]): number {
  if (phrase.length === 0) return 0;
  const found = typed.filter((word) => phrase.some((other) => alike(word, other))).length;
  const met = phrase.filter((other) => typed.some((word) => alike(word, other))).length;
  return Math.floor(
    (Math.floor((200 * found) / typed.length) + Math.floor((100 * met) / phrase.length)) / 3,
  );
}

function alike(typed: string, known: string): boolean {
  if (typed === known) return true;
  const shorter = Math.min(typed.length, known.length);
  if (shorter < 4) return false;
  if (known.startsWith(typed)) return true;
  const slips = shorter >= 8 ? 2 : 1;
  return Math.abs(typed.length - known.length) <= slips && distance(typed, known) <= slips;
}

/** Letters to put in, leave out, change or swap. */
function distance(one: string, other: string): number {
  let above: number[] = [];
  let before: number[] = [];
  let row = Array.from({ length: other.length + 1 }, (_, n) => n);
  for (let i = 1; i <= one.length; i++) {
    [above, before, row] = [before, row, [i]];
    for (let j = 1; j <= other.length; j++) {
      const a = one[i - 1];
      const b = other[j - 1];
      let cost = Math.min(before[j]! + 1, row[j - 1]! + 1, before[j - 1]! + (a === b ? 0 : 1));
      if (i > 1 && j > 1 && a === other[j - 2] && one[i - 2] === b)
        cost = Math.min(cost, above[j - 2]! + 1);
      row.push(cost);
    }
  }
  return row.at(-1)!;
}

function ofAge(table: Compiled, months: number | null): boolean {
  if (months === null) return true;
  const { from_months, under_months } = table.applies;
  return from_months <= months && (under_months === null || months < under_months);
}
