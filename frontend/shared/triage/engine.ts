/** Runs a compiled protocol in the browser: the same engine as `nightbell/triage/run.py`, held to the same vectors. */

export type Words = { en: string; es?: string };
export type Cite = { source: string; mark: string };
export type Answer = { id: string; label: Words; worry: number };
export type Question = { id: string; ask: Words; answers: Answer[]; cite: Cite[] };
export type Rule = {
  id: string;
  when: Record<string, string[]>;
  tier: string;
  say: string[];
  cite: Cite[];
};

/** The decision table; its keys are explained in `nightbell/triage/compile.py`. */
export type Compiled = {
  id: string;
  version: string;
  hash: string;
  status: string;
  title: Words;
  applies: { from_months: number; under_months: number | null };
  synonyms: string[];
  counted: string[];
  questions: Question[];
  rules: Rule[];
  otherwise: string | null;
  otherwise_say: string[];
  floor: string;
  say: Record<string, string[]>;
  handoff: string[];
};

export type Answers = Readonly<Record<string, string>>;

export type Outcome = {
  kind: "outcome";
  tier: string;
  /** The tier the answers gave, before the modifiers. */
  before: string;
  rule: string;
  raised_by: string[];
  say: string[];
  disposition: "page" | "hold_for_office";
};

export type Step = { kind: "ask"; question: Question } | Outcome | { kind: "clear" };

/** The next question, how the call ends, or (first look only) that nothing was found. */
export function nextStep(
  table: Compiled,
  answers: Answers,
  modifiers: readonly string[] = [],
): Step {
  const fired = table.rules.find((rule) => holds(rule, answers));
  for (const rule of table.rules) {
    if (fired && rule.tier >= fired.tier) break; // Nothing further down could be more urgent.
    if (possible(rule, answers))
      return { kind: "ask", question: firstUnanswered(table, rule, answers) };
  }
  if (fired) return outcome(table, fired.tier, fired.id, fired.say, modifiers);
  if (table.otherwise !== null) {
    return outcome(table, table.otherwise, "otherwise", table.otherwise_say, modifiers);
  }
  return { kind: "clear" };
}

/** Of two tiers the more urgent; either may be missing. */
export function moreUrgent(one: string | null, other: string | null): string | null {
  if (one === null || other === null) return one ?? other;
  return one < other ? one : other;
}

function outcome(
  table: Compiled,
  before: string,
  rule: string,
  own: string[],
  modifiers: readonly string[],
): Outcome {
  const raised_by = [...new Set(modifiers)].filter((one) => !table.counted.includes(one)).sort();
  let tier = before < table.floor ? before : table.floor;
  if (raised_by.length > 0 && tier !== "T1") tier = `T${Number(tier[1]) - 1}`; // One tier, whatever the number.
  const disposition = tier <= "T3" ? "page" : "hold_for_office";
  return {
    kind: "outcome",
    tier,
    before,
    rule,
    raised_by,
    say: words(table, before, tier, own),
    disposition,
  };
}

/** The rule's own words, else its tier's; once raised, the new tier's before its own. */
function words(table: Compiled, before: string, tier: string, own: string[]): string[] {
  const usual = table.say[tier] ?? [];
  if (tier === before) return own.length > 0 ? own : usual;
  const alone = own.filter((phrase) => !(table.say[before] ?? []).includes(phrase));
  return [...new Set([...usual, ...alone])];
}

function holds(rule: Rule, answers: Answers): boolean {
  return Object.entries(rule.when).every(([question, named]) => {
    const answer = answers[question];
    return answer !== undefined && named.includes(answer);
  });
}

/** Whether the rule could still fire: nothing answered speaks against it. */
function possible(rule: Rule, answers: Answers): boolean {
  return Object.entries(rule.when).every(([question, named]) => {
    const answer = answers[question];
    return answer === undefined || named.includes(answer);
  });
}

function firstUnanswered(table: Compiled, rule: Rule, answers: Answers): Question {
  const found = table.questions.find((one) => one.id in rule.when && !(one.id in answers));
  if (!found) throw new Error("A rule names a question that its table does not have.");
  return found;
}
