// What the wallboard watches: the figures, what runs, what is owed; looked for at news and every few seconds.

import { api, ask, Refusal, sentenceOf, type Schemas } from "../shared/api/client.ts";
import { listen } from "../shared/news.ts";
import { serverNow } from "../shared/time.ts";
import { STALE_MS, type EscalationView, type Floor } from "./board.ts";

const EVERY_MS = 5000;

export class Watch {
  floor = $state.raw<Floor | null>(null);
  going = $state.raw<EscalationView[] | null>(null);
  owed = $state.raw<Schemas["CallCard"][] | null>(null);
  coming = $state.raw<{ name: string; gap: string }[]>([]);
  knownAt = $state<number | null>(null); // when the last figures came, by the server's clock
  fault = $state("");
  signedOut = $state(false);
  #looking = false;
  #again = false;

  start(): () => void {
    void this.look();
    void this.lookAhead();
    const stop = listen(() => void this.look());
    const timer = setInterval(() => void this.look(), EVERY_MS);
    const slow = setInterval(() => void this.lookAhead(), 60_000);
    return () => {
      stop();
      clearInterval(timer);
      clearInterval(slow);
    };
  }

  /** Figures that are too old are not shown as figures. */
  fresh(nowMs: number): Floor | null {
    return this.knownAt !== null && nowMs - this.knownAt < STALE_MS ? this.floor : null;
  }

  async look(): Promise<void> {
    if (this.#looking) return void (this.#again = true);
    this.#looking = true;
    try {
      this.floor = await ask(api.GET("/api/floor"));
      this.knownAt = serverNow();
      this.fault = "";
      [this.going, this.owed] = await Promise.all([
        ask(api.GET("/api/escalations/open")),
        ask(api.GET("/api/calls/open")),
      ]);
    } catch (failure) {
      this.#refused(failure);
    } finally {
      this.#looking = false;
      if (this.#again) {
        this.#again = false;
        void this.look();
      }
    }
  }

  /** What would go wrong tonight, as each practice's own page says it. */
  async lookAhead(): Promise<void> {
    try {
      const accounts = await ask(api.GET("/api/accounts"));
      this.coming = accounts
        .filter((one) => one.active)
        .flatMap((one) => one.gaps.map((gap) => ({ name: one.name, gap })));
    } catch (failure) {
      this.#refused(failure);
    }
  }

  async take(one: EscalationView): Promise<string> {
    try {
      const path = { escalation_id: one.escalation_id };
      await ask(api.POST("/api/escalations/{escalation_id}/accept", { params: { path } }));
      return "";
    } catch (failure) {
      return sentenceOf(failure);
    } finally {
      await this.look();
    }
  }

  #refused(failure: unknown): void {
    if (failure instanceof Refusal && failure.status === 401) this.signedOut = true;
    else if (!(failure instanceof Refusal && failure.unreachable)) this.fault = sentenceOf(failure);
    // Unreachable: the figures grow old and say since when.
  }
}
