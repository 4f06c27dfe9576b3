// A page in plain words: what is known of it, newest first.
import type { Schemas } from "../shared/api/client.ts";
import { clockTime } from "../shared/time.ts";

type Page = Schemas["PageView"];

const WAY: Record<Page["channel"], string> = {
  app: "on the app", phone: "by telephone", patch: "to join this call", supervisor: "on the supervisor's screen", emergency: "at an emergency number",
};
// By the newest fact, or by the state where no fact says more.
const KNOWN: Record<string, string> = {
  queued: "is about to be paged", going: "is being paged", handed_over: "is being paged", delivered: "was reached and has not taken it",
  on_device: "has it on the device and has not taken it", ringing: "is being rung", answered: "picked up and has not pressed 1 yet",
  key_pressed: "pressed a key", no_key: "picked up and pressed nothing", busy: "was busy", no_answer: "did not answer",
  refused: "could not be reached: the carrier refused", failed: "could not be reached", accepted: "has taken it",
  declined: "said: not me", withdrawn: "is no longer paged",
};

export function pagesInWords(pages: readonly Page[]): string[] {
  return [...pages]
    .sort((a, b) => Date.parse(newest(b)) - Date.parse(newest(a)))
    .map((one) => {
      const last = one.facts?.at(-1);
      const ended = ["accepted", "declined", "failed", "withdrawn"].includes(one.state);
      const known = (ended ? undefined : KNOWN[last?.kind ?? ""]) ?? KNOWN[one.state] ?? one.state.replaceAll("_", " ");
      return `${one.who || "Nobody"} ${known}, ${WAY[one.channel]}, ${clockTime(newest(one))}.`;
    });
}

function newest(one: Page): string {
  return one.facts?.at(-1)?.at ?? one.made_at;
}
