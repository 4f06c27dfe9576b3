// The alarm of the wallboard: sounds until somebody takes what needs a person. Its visible twin is the list itself.

const EVERY_MS = 4000;

export class Alarm {
  blocked = $state(false); // the browser wants a press before it makes a sound
  #context: AudioContext | null = null;
  #timer: ReturnType<typeof setInterval> | undefined;

  /** Idempotent: call it whenever what needs a person changes. */
  set(on: boolean): void {
    if (!on) {
      clearInterval(this.#timer);
      this.#timer = undefined;
      this.blocked = false;
      return;
    }
    if (this.#timer !== undefined) return;
    this.#timer = setInterval(() => void this.#sound(), EVERY_MS);
    void this.#sound();
  }

  /** From a press: browsers allow sound from then on. */
  async allow(): Promise<void> {
    await this.#context?.resume();
    await this.#sound();
  }

  async #sound(): Promise<void> {
    this.#context ??= new AudioContext();
    const context = this.#context;
    if (context.state === "suspended") await Promise.race([context.resume(), new Promise((go) => setTimeout(go, 200))]);
    this.blocked = context.state !== "running";
    if (this.blocked) return;
    // Two falling tones of the emergency, soft at both ends so that no loudspeaker clicks.
    for (const [after, pitch] of [[0, 880], [0.25, 660]] as const) {
      const tone = context.createOscillator();
      const volume = context.createGain();
      const at = context.currentTime + after;
      tone.frequency.value = pitch;
      volume.gain.setValueAtTime(0, at);
      volume.gain.linearRampToValueAtTime(0.2, at + 0.02);
      volume.gain.linearRampToValueAtTime(0, at + 0.22);
      tone.connect(volume).connect(context.destination);
      tone.start(at);
      tone.stop(at + 0.25);
    }
  }
}
