// The only two sounds: a new call, an emergency. Each has a visible twin; neither is ever the only sign.

let context: AudioContext | undefined;

/** Browsers let a page sound only after the person has pressed something; call it from a press. */
export function wakeSound(): void {
  context ??= new AudioContext();
  void context.resume();
}

function tone(frequency: number, from: number, lasts: number, loud: number): void {
  if (!context || context.state !== "running") return;
  const start = context.currentTime + from;
  const swell = context.createGain();
  swell.gain.setValueAtTime(0, start);
  swell.gain.linearRampToValueAtTime(loud, start + 0.02);
  swell.gain.exponentialRampToValueAtTime(0.001, start + lasts);
  const voice = new OscillatorNode(context, { frequency, type: "sine" });
  voice.connect(swell).connect(context.destination);
  voice.start(start);
  voice.stop(start + lasts + 0.05);
}

function bell(): void {
  for (const [frequency, from] of [[880, 0], [1318.5, 0.14]] as const) tone(frequency, from, 0.9, 0.22);
}

/** Rings until the returned function is called. */
export function ringNewCall(): () => void {
  wakeSound();
  bell();
  const again = setInterval(bell, 2400);
  return () => clearInterval(again);
}

/** Three short and two long, once: the order of a high-priority signal, without its nuisance. */
export function soundEmergency(): void {
  wakeSound();
  for (const [n, from] of [0, 0.18, 0.36, 0.68, 0.86].entries()) tone(n < 3 ? 698.5 : 880, from, 0.16, 0.3);
}
