// Who was paged for a message, how, what came of it, and who would be next.

import type { EscalationView } from "./standing.ts";

export interface Row {
  at: string | null; // null: not yet
  words: string;
}

const BY: Record<string, string> = {
  app: "on the app", phone: "by telephone", patch: "by telephone, the caller waiting",
  supervisor: "on the supervisor's screen", emergency: "on the emergency number",
};
const CAME: Record<string, string> = {
  queued: "being paged", going: "being paged", delivered: "delivered, no answer yet", accepted: "accepted",
  declined: "said not me", failed: "not reached", withdrawn: "no longer needed",
};

export function pageWords(escalation: EscalationView): Row[] {
  const been = (escalation.pages ?? []).map((page) => ({
    at: page.made_at,
    words: `${page.who || page.role} ${BY[page.channel] ?? ""}: ${CAME[page.state] ?? page.state}`,
  }));
  been.sort((a, b) => a.at.localeCompare(b.at));
  if (escalation.state !== "open") return been;
  const coming = escalation.steps.slice(escalation.step + 1).map((step) => ({
    at: null,
    words: step.who ? `${step.who}, ${step.role}` : `${step.role}: nobody holds it now, so it is passed over`,
  }));
  return [...been, ...coming, { at: null, words: "The service's supervisor, until a person has it" }];
}
