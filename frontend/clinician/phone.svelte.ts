// What this phone knows: my pages, their messages, my shifts; looked for again whenever news says so.

import { SvelteMap } from "svelte/reactivity";
import { api, ask, Refusal, sentenceOf, type Schemas } from "../shared/api/client.ts";
import { onLineUp } from "../shared/api/line.svelte.ts";
import { closeMessage } from "../shared/message/close.ts";
import { lockOf, read } from "../shared/message/opened.svelte.ts";
import type { MessageCard, OutcomeWord } from "../shared/message/words.ts";
import { listen } from "../shared/news.ts";
import type { Me } from "../shared/session/index.ts";
import { keep, kept } from "./kept.ts";
import type { PageCard } from "./standing.ts";

export type DeclineReason = "not_on_call" | "busy" | "wrong_person" | "other";

export class Phone {
  me = $state<Me | null>(null);
  cards = $state.raw<PageCard[]>([]);
  messages = new SvelteMap<string, MessageCard>();
  shifts = $state.raw<Schemas["Shifts"] | null>(null);
  methods = $state.raw<Schemas["ContactMethod"][] | null>(null);
  kept = $state.raw<MessageCard[]>([]);
  looked = $state(false); // at least one answer from the server
  fault = $state(""); // the last refusal, for the screen it concerns
  signedOut = $state(false);
  #shownHere = new Set<string>();
  #readTold = new Set<string>();
  #looking: Promise<void> | null = null;
  #again = false;

  /** Begin with what is here already, then look, then listen. Returns what stops it. */
  start(): () => void {
    void this.showKept();
    void this.look();
    const stopNews = listen(() => void this.look());
    const stopLine = onLineUp(() => void this.look());
    const seen = () => document.visibilityState === "visible" && void this.look();
    document.addEventListener("visibilitychange", seen);
    return () => {
      stopNews();
      stopLine();
      document.removeEventListener("visibilitychange", seen);
    };
  }

  async showKept(): Promise<void> {
    this.kept = await kept().catch(() => []);
    for (const card of this.kept) if (!this.messages.has(card.message_id)) this.messages.set(card.message_id, card);
  }

  /** One look at a time; news that comes while looking causes one more. */
  async look(): Promise<void> {
    this.#again = this.#looking !== null;
    this.#looking ??= this.#look().finally(() => {
      this.#looking = null;
      if (this.#again) void this.look();
    });
    await this.#looking;
  }

  async #look(): Promise<void> {
    try {
      const [cards, shifts] = await Promise.all([
        ask(api.GET("/api/pages/mine")),
        ask(api.GET("/api/me/shifts")),
      ]);
      this.cards = cards;
      this.shifts = shifts;
      this.looked = true;
      await Promise.all(cards.map((card) => this.#follow(card)));
      this.methods ??= await ask(api.GET("/api/me/contact-methods"));
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
      else if (!(failure instanceof Refusal && failure.unreachable)) this.fault = sentenceOf(failure);
      // Unreachable: the banner says so, and what was here stays here.
    }
  }

  async #follow(card: PageCard): Promise<void> {
    void this.#onDevice(card);
    const id = card.escalation.message_id;
    if (!id) return;
    const path = { message_id: id };
    this.messages.set(id, await ask(api.GET("/api/messages/{message_id}", { params: { path } })));
  }

  /** Shown on this screen means delivered, and no more than that. */
  async #onDevice(card: PageCard): Promise<void> {
    if (card.escalation.state !== "open" || document.visibilityState !== "visible") return;
    if (this.#shownHere.has(card.page_id)) return;
    this.#shownHere.add(card.page_id);
    const path = { page_id: card.page_id };
    await ask(api.POST("/api/pages/{page_id}/on-device", { params: { path } })).catch(() => {
      this.#shownHere.delete(card.page_id); // said again at the next look
    });
  }

  /** Open the words here, keep the sealed file for a dead network, and say once that it was read. */
  async open(card: MessageCard): Promise<void> {
    if (!lockOf.open || !(await read(card))) return;
    await keep(card).then(() => this.showKept(), () => undefined); // storage may be switched off
    if (this.#readTold.has(card.message_id)) return;
    this.#readTold.add(card.message_id);
    const path = { message_id: card.message_id };
    await ask(api.POST("/api/messages/{message_id}/read", { params: { path } })).catch(() => {
      this.#readTold.delete(card.message_id);
    });
  }

  accept(card: PageCard): Promise<boolean> {
    const path = { page_id: card.page_id };
    return this.#deed(() => ask(api.POST("/api/pages/{page_id}/accept", { params: { path } })));
  }

  decline(card: PageCard, reason: DeclineReason): Promise<boolean> {
    const path = { page_id: card.page_id };
    return this.#deed(() => ask(api.POST("/api/pages/{page_id}/decline", { params: { path }, body: { reason } })));
  }

  /** Calling is having it: the page is accepted first, so that nobody else is woken meanwhile. */
  async call(card: PageCard, methodId: string | null): Promise<boolean> {
    const messageId = card.escalation.message_id;
    if (!messageId || (!card.mine && !(await this.accept(card)))) return false;
    const path = { message_id: messageId };
    return this.#deed(() =>
      ask(
        api.POST("/api/messages/{message_id}/call-back", {
          params: { path },
          body: { my_contact_method_id: methodId },
        }),
      ),
    );
  }

  close(message: MessageCard, outcome: OutcomeWord, note: string): Promise<boolean> {
    return this.#deed(() => closeMessage(message, outcome, note));
  }

  /** True only when the server has said so; a refusal becomes this screen's sentence. */
  async #deed(deed: () => Promise<unknown>): Promise<boolean> {
    this.fault = "";
    try {
      await deed();
      return true;
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
      this.fault = sentenceOf(failure);
      return false;
    } finally {
      await this.look();
    }
  }
}
