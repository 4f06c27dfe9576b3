// What the office knows: one account's night, what waits now, and what was closed; renewed when news says so.

import { api, ask, Refusal, sentenceOf } from "../shared/api/client.ts";
import { onLineUp } from "../shared/api/line.svelte.ts";
import { closeMessage } from "../shared/message/close.ts";
import { lockOf, read, readAll } from "../shared/message/opened.svelte.ts";
import type { MessageCard, OutcomeWord } from "../shared/message/words.ts";
import { listen } from "../shared/news.ts";
import { otherDays, type LastNight } from "./night.ts";

export class Morning {
  readonly accountId: string;
  night = $state.raw<LastNight | null>(null);
  on = $state<string | null>(null); // YYYY-MM-DD of the evening; null is the latest night
  standing = $state.raw<MessageCard[]>([]); // everything open now, of whatever day
  closed = $state.raw<MessageCard[] | null>(null); // fetched when first searched
  fault = $state("");
  signedOut = $state(false);
  #readTold = new Set<string>();
  #asked = 0;

  constructor(accountId: string) {
    this.accountId = accountId;
  }

  start(): () => void {
    void this.look();
    const stopNews = listen(() => void this.look());
    const stopLine = onLineUp(() => void this.look());
    return () => {
      stopNews();
      stopLine();
    };
  }

  async choose(on: string | null): Promise<void> {
    this.on = on;
    this.night = null;
    await this.look();
  }

  /** The answer to an older question never replaces a newer one. */
  async look(): Promise<void> {
    const asked = ++this.#asked;
    try {
      const query = this.on ? { on: this.on } : {};
      const path = { account_id: this.accountId };
      const [night, standing] = await Promise.all([
        ask(api.GET("/api/office/{account_id}/last-night", { params: { path, query } })),
        this.#list("open"),
      ]);
      if (asked !== this.#asked) return;
      this.night = night;
      this.standing = standing;
      this.fault = "";
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
      else if (!(failure instanceof Refusal && failure.unreachable)) this.fault = sentenceOf(failure);
    }
  }

  get cards(): MessageCard[] {
    return this.night ? [...this.night.waiting, ...this.night.handled, ...this.others] : [];
  }

  /** Open, and not of this night: nothing waits out of sight because it came on another day. */
  get others(): MessageCard[] {
    return otherDays(this.night, this.standing);
  }

  #list(state: "open" | "closed"): Promise<MessageCard[]> {
    return ask(api.GET("/api/messages", { params: { query: { account_id: this.accountId, state } } }));
  }

  /** Everything of this account, for searching: what the night shows and the closed ones. */
  get all(): MessageCard[] {
    const byId = new Map([...(this.closed ?? []), ...this.cards].map((one) => [one.message_id, one]));
    return [...byId.values()].sort((a, b) => b.taken_at.localeCompare(a.taken_at));
  }

  /** Everything for a search: fetched once, opened here one after another. */
  async openAll(): Promise<void> {
    if (!this.closed) {
      this.closed = [];
      try {
        this.closed = await this.#list("closed");
      } catch (failure) {
        this.closed = null;
        this.fault = sentenceOf(failure);
        return;
      }
    }
    await readAll(this.closed);
  }

  /** Names and reasons for the lines: this browser opened them, so the record says so. */
  async openLines(): Promise<void> {
    if (lockOf.open) await readAll(this.cards, (card) => void this.#tellRead(card));
  }

  async open(card: MessageCard): Promise<void> {
    if (await read(card)) await this.#tellRead(card);
  }

  async #tellRead(card: MessageCard): Promise<void> {
    if (this.#readTold.has(card.message_id)) return;
    this.#readTold.add(card.message_id);
    const path = { message_id: card.message_id };
    await ask(api.POST("/api/messages/{message_id}/read", { params: { path } })).catch(() => {
      this.#readTold.delete(card.message_id); // told again when it is opened again
    });
  }

  /** "" when it is yours; else why not, in a sentence. */
  async take(card: MessageCard): Promise<string> {
    const path = { message_id: card.message_id };
    return this.#deed(() => ask(api.POST("/api/messages/{message_id}/take", { params: { path } })));
  }

  async close(card: MessageCard, outcome: OutcomeWord, note: string): Promise<string> {
    return this.#deed(() => closeMessage(card, outcome, note));
  }

  async #deed(deed: () => Promise<unknown>): Promise<string> {
    try {
      await deed();
      return "";
    } catch (failure) {
      if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
      return sentenceOf(failure);
    } finally {
      await this.look();
    }
  }
}
