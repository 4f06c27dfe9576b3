// The five tiers as screens show them: a mark, a word, and what it does. Colour never speaks alone.
export type Tier = "T1" | "T2" | "T3" | "T4" | "T5";
export type Urgency = "emergency" | "urgent" | "routine" | "done";

export interface Shown {
  mark: "◆" | "▲" | "●" | "○";
  word: string;
  urgency: Urgency;
}

export const SHOWN: Record<Tier | "done", Shown> = {
  T1: { mark: "◆", word: "Emergency", urgency: "emergency" },
  T2: { mark: "▲", word: "Urgent, patch now", urgency: "urgent" },
  T3: { mark: "▲", word: "Urgent, page", urgency: "urgent" },
  T4: { mark: "●", word: "Same or next day", urgency: "routine" },
  T5: { mark: "●", word: "Routine", urgency: "routine" },
  done: { mark: "○", word: "Done", urgency: "done" },
};

export function pages(tier: Tier | null | undefined): boolean {
  return tier === "T1" || tier === "T2" || tier === "T3";
}

/** The more urgent of those that are known. */
export function mostUrgent(...tiers: (Tier | null | undefined)[]): Tier | null {
  const known = tiers.filter((one): one is Tier => Boolean(one)).sort();
  return known[0] ?? null;
}
