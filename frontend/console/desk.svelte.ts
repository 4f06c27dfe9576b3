// The agent's desk as the server has it: wish, offer, the live call, what is unfinished, who waits.
import { api, ask, Refusal, sentenceOf, type Schemas } from "../shared/api/client.ts";
import { onLineUp } from "../shared/api/line.svelte.ts";
import { listen, type News } from "../shared/news.ts";
import { learnTime } from "../shared/time.ts";
import { readLibrary, type Library } from "./library.ts";

export type CallCard = Schemas["CallCard"];
export type Offer = Schemas["Offer"];

const LOOK_ANYWAY_MS = 15_000; // news may be lost with a process; looking is cheap

export class Desk {
  now = $state<Schemas["Desk"] | null>(null);
  open = $state<CallCard[]>([]); // over, and owing an end, whoever's they are
  library = $state.raw<Library | null>(null);
  sentence = $state(""); // the last refusal
  signedOut = $state(false);
  shown = $state<string | null>(null); // the call on the screen
  lastCall = $state<{ at: string; account: string } | null>(null);

  #looking = false;
  #lookAgain = false;
  #libraryIsFresh = false;

  /** Until the returned function is called, the desk keeps itself right. */
  begin(): () => void {
    void this.look();
    const stopNews = listen((batch) => this.#heard(batch));
    const stopLine = onLineUp(() => void this.look());
    const timer = setInterval(() => void this.look(), LOOK_ANYWAY_MS);
    return () => {
      stopNews();
      stopLine();
      clearInterval(timer);
    };
  }

  #heard(batch: News[]): void {
    if (batch.some((one) => one.kind !== "page.made")) void this.look();
  }

  /** Ask the server; many reasons at once make one question, and the last reason is never forgotten. */
  async look(): Promise<void> {
    if (this.#looking) {
      this.#lookAgain = true;
      return;
    }
    this.#looking = true;
    try {
      const asked = Date.now();
      const [desk, open] = await Promise.all([ask(api.GET("/api/desk")), ask(api.GET("/api/calls/open"))]);
      learnTime(desk.now, asked, Date.now());
      this.#take(desk, open);
      await this.#fetchLibrary();
    } catch (failure) {
      this.#refused(failure);
    } finally {
      this.#looking = false;
      if (this.#lookAgain) {
        this.#lookAgain = false;
        void this.look();
      }
    }
  }

  /** Once a page; the last one fetched stands in while the server cannot give it, so no call waits for scripts. */
  async #fetchLibrary(): Promise<void> {
    if (this.#libraryIsFresh) return;
    try {
      const sent = await ask(api.GET("/api/triage/library"));
      this.library = readLibrary(sent);
      this.#libraryIsFresh = true;
      localStorage.setItem(LIBRARY, JSON.stringify(sent));
    } catch (failure) {
      this.library ??= keptLibrary();
      if (this.library === null) throw failure;
    }
  }

  #take(desk: Schemas["Desk"], open: CallCard[]): void {
    this.now = desk;
    const mine = new Set(desk.unfinished.map((one) => one.call_id));
    this.open = open.filter((one) => !mine.has(one.call_id) && !one.mine);
    if (desk.call) {
      this.shown = desk.call.call_id;
      this.lastCall = { at: desk.call.rang_at, account: nameOf(desk.call) };
    } else if (this.shown && !mine.has(this.shown)) {
      this.shown = null; // finished, or somebody else's now
    }
  }

  #refused(failure: unknown): void {
    if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
    else if (!(failure instanceof Refusal && failure.unreachable)) this.sentence = sentenceOf(failure);
  }

  /** The call on the screen: the live one, else the unfinished one that was chosen. */
  get call(): CallCard | null {
    const desk = this.now;
    if (!desk) return null;
    return desk.call ?? desk.unfinished.find((one) => one.call_id === this.shown) ?? null;
  }

  /** Do something, then look; a refusal becomes the desk's sentence. */
  async act(deed: () => Promise<unknown>): Promise<boolean> {
    this.sentence = "";
    try {
      await deed();
      return true;
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
      else this.sentence = sentenceOf(failure);
      return false;
    } finally {
      void this.look();
    }
  }

  wish(to: "ready" | "pause" | "off"): Promise<boolean> {
    return this.act(() => ask(api.PUT("/api/desk/wish", { body: { wish: to, reason: "" } })));
  }

  answer(offer: Offer): Promise<boolean> {
    return this.act(async () => {
      const path = { offer_id: offer.offer_id };
      const card = await ask(api.POST("/api/offers/{offer_id}/accept", { params: { path } }));
      this.shown = card.call_id;
    });
  }

  refuse(offer: Offer): Promise<boolean> {
    const path = { offer_id: offer.offer_id };
    return this.act(() => ask(api.POST("/api/offers/{offer_id}/refuse", { params: { path } })));
  }

  order(call: CallCard, what: "hold" | "resume" | "hang-up" | "leave" | "ring-back"): Promise<boolean> {
    const params = { path: { call_id: call.call_id } };
    const orders = {
      hold: () => ask(api.POST("/api/calls/{call_id}/hold", { params })),
      resume: () => ask(api.POST("/api/calls/{call_id}/resume", { params })),
      "hang-up": () => ask(api.POST("/api/calls/{call_id}/hang-up", { params })),
      leave: () => ask(api.POST("/api/calls/{call_id}/leave", { params })),
      "ring-back": () => ask(api.POST("/api/calls/{call_id}/ring-back", { params })),
    };
    return this.act(orders[what]);
  }

  patch(call: CallCard, role: string): Promise<boolean> {
    const path = { call_id: call.call_id };
    return this.act(() => ask(api.POST("/api/calls/{call_id}/patch", { params: { path }, body: { role } })));
  }

  /** Become the owner of a call that is over and unfinished, and put it on the screen. */
  take(call: CallCard): Promise<boolean> {
    return this.act(async () => {
      const path = { call_id: call.call_id };
      if (!call.mine) await ask(api.POST("/api/calls/{call_id}/take", { params: { path } }));
      this.shown = call.call_id;
    });
  }
}

const LIBRARY = "nightbell.library";

function keptLibrary(): Library | null {
  try {
    const kept = localStorage.getItem(LIBRARY);
    return kept ? readLibrary(JSON.parse(kept) as Schemas["Library"]) : null;
  } catch {
    return null; // of an older make, or storage is off
  }
}

export function nameOf(call: CallCard): string {
  return call.account?.name ?? "Number without an account";
}
