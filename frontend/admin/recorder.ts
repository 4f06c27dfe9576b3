// Records the microphone to a WAV file (16 bit mono), which the server keeps as the telephone plays it.
export class Recorder {
  readonly #parts: Blob[] = [];
  readonly #stream: MediaStream;
  readonly #recorder: MediaRecorder;

  private constructor(stream: MediaStream) {
    this.#stream = stream;
    this.#recorder = new MediaRecorder(stream);
    this.#recorder.ondataavailable = (event) => this.#parts.push(event.data);
    this.#recorder.start();
  }

  static async start(): Promise<Recorder> {
    return new Recorder(await navigator.mediaDevices.getUserMedia({ audio: true }));
  }

  async stop(): Promise<Blob> {
    const ended = new Promise((done) => (this.#recorder.onstop = done));
    this.#recorder.stop();
    await ended;
    for (const track of this.#stream.getTracks()) track.stop();
    const context = new AudioContext();
    const sound = await context.decodeAudioData(await new Blob(this.#parts).arrayBuffer());
    await context.close();
    return wav(sound.getChannelData(0), sound.sampleRate);
  }
}

/** Samples in -1..1 as a WAV file. */
export function wav(samples: Float32Array, rate: number): Blob {
  const bytes = new DataView(new ArrayBuffer(44 + samples.length * 2));
  const text = (at: number, words: string) => [...words].forEach((one, n) => bytes.setUint8(at + n, one.charCodeAt(0)));
  text(0, "RIFF");
  bytes.setUint32(4, 36 + samples.length * 2, true);
  text(8, "WAVEfmt ");
  bytes.setUint32(16, 16, true);
  bytes.setUint16(20, 1, true); // PCM
  bytes.setUint16(22, 1, true); // one channel
  bytes.setUint32(24, rate, true);
  bytes.setUint32(28, rate * 2, true);
  bytes.setUint16(32, 2, true);
  bytes.setUint16(34, 16, true);
  text(36, "data");
  bytes.setUint32(40, samples.length * 2, true);
  samples.forEach((one, n) => bytes.setInt16(44 + n * 2, Math.max(-1, Math.min(1, one)) * 32767, true));
  return new Blob([bytes.buffer], { type: "audio/wav" });
}
