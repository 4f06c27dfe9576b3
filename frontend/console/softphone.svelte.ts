// The agent's telephone: one audio connection for the whole shift, made again by itself when it fails.
import { api, ask, sentenceOf } from "../shared/api/client.ts";

export type PhoneState = "off" | "asking" | "connecting" | "up" | "lost" | "denied";

const AGAIN_MS = [300, 1000, 2000, 4000, 8000];
const GATHER_MS = 1500; // on one network every candidate is known at once; never wait longer

const DENIED =
  "The browser may not use the microphone, so no caller could hear you. Allow it at the sign beside the address, then press Connect.";
const NO_MICROPHONE = "No microphone was found. Plug in a headset, then press Connect.";

export class Softphone {
  state = $state<PhoneState>("off");
  sentence = $state(""); // what is wrong, and how it is mended
  muted = $state(false);
  level = $state(0); // of the microphone, 0 to 1
  blocked = $state(false); // the browser wants a press before it plays sound

  #speaker = new Audio();
  #microphone: MediaStream | undefined;
  #meter: { context: AudioContext; timer: ReturnType<typeof setInterval> } | undefined;
  #connection: RTCPeerConnection | undefined;
  #again: ReturnType<typeof setTimeout> | undefined;
  #failures = 0;

  get up(): boolean {
    return this.state === "up";
  }

  /** Take the microphone and connect. Pressing it again mends whatever is broken. */
  async connect(): Promise<void> {
    clearTimeout(this.#again);
    this.#failures = 0;
    if (!(await this.#takeMicrophone())) return;
    await this.#offer();
  }

  /** Connect without asking anything, if this browser already allows the microphone. */
  async connectIfAllowed(): Promise<void> {
    const allowed = await navigator.permissions
      ?.query({ name: "microphone" as PermissionName })
      .then((found) => found.state === "granted")
      .catch(() => false);
    if (allowed && this.state === "off") await this.connect();
  }

  mute(to: boolean): void {
    this.muted = to;
    for (const track of this.#microphone?.getAudioTracks() ?? []) track.enabled = !to;
  }

  async play(): Promise<void> {
    this.blocked = await this.#speaker.play().then(() => false, (failure: Error) => failure.name === "NotAllowedError");
  }

  close(): void {
    clearTimeout(this.#again);
    clearInterval(this.#meter?.timer);
    void this.#meter?.context.close();
    this.#connection?.close();
    for (const track of this.#microphone?.getTracks() ?? []) track.stop();
    this.#meter = this.#connection = this.#microphone = undefined;
    this.state = "off";
    this.level = 0;
  }

  async #takeMicrophone(): Promise<boolean> {
    if (this.#microphone?.active) return true;
    this.state = "asking";
    this.sentence = "";
    try {
      if (!navigator.mediaDevices) throw new DOMException("", "NotAllowedError");
      this.#microphone = await navigator.mediaDevices.getUserMedia({
        audio: { echoCancellation: true, noiseSuppression: true, autoGainControl: true },
      });
    } catch (failure) {
      this.state = "denied";
      const absent = failure instanceof DOMException && failure.name === "NotFoundError";
      this.sentence = absent ? NO_MICROPHONE : DENIED;
      return false;
    }
    for (const track of this.#microphone.getAudioTracks()) {
      track.enabled = !this.muted;
      track.onended = () => void this.connect(); // the headset was pulled out: take the one that is left
    }
    this.#measure(this.#microphone);
    return true;
  }

  #measure(stream: MediaStream): void {
    clearInterval(this.#meter?.timer);
    void this.#meter?.context.close();
    const context = new AudioContext();
    const analyser = new AnalyserNode(context, { fftSize: 512 });
    context.createMediaStreamSource(stream).connect(analyser);
    const samples = new Float32Array(analyser.fftSize);
    const timer = setInterval(() => {
      analyser.getFloatTimeDomainData(samples);
      let loudest = 0;
      for (const one of samples) loudest = Math.max(loudest, Math.abs(one));
      const level = this.muted ? 0 : Math.min(1, Math.round(loudest * 12) / 8);
      if (level !== this.level) this.level = level;
    }, 120);
    this.#meter = { context, timer };
  }

  async #offer(): Promise<void> {
    const microphone = this.#microphone;
    if (!microphone) return;
    this.state = this.state === "lost" ? "lost" : "connecting";
    this.#connection?.close();
    const connection = new RTCPeerConnection({ iceServers: [] });
    this.#connection = connection;
    for (const track of microphone.getAudioTracks()) connection.addTrack(track, microphone);
    preferPcmu(connection);
    connection.ontrack = (event) => {
      this.#speaker.srcObject = event.streams[0] ?? new MediaStream([event.track]);
      void this.play();
    };
    connection.onconnectionstatechange = () => this.#changed(connection);
    try {
      await connection.setLocalDescription();
      await gathered(connection);
      const sdp = connection.localDescription?.sdp ?? "";
      const answer = await ask(api.POST("/api/desk/audio", { body: { sdp } }));
      if (connection !== this.#connection) return;
      await connection.setRemoteDescription({ type: "answer", sdp: answer.sdp });
    } catch (failure) {
      if (connection === this.#connection) this.#lost(sentenceOf(failure));
    }
  }

  #changed(connection: RTCPeerConnection): void {
    if (connection !== this.#connection) return;
    switch (connection.connectionState) {
      case "connected":
        this.#failures = 0;
        this.sentence = "";
        this.state = "up";
        break;
      case "failed":
      case "disconnected":
      case "closed":
        this.#lost("Your audio dropped; the caller hears music and stays on the line. Connecting again.");
        break;
    }
  }

  #lost(sentence: string): void {
    this.state = "lost";
    this.sentence = sentence;
    clearTimeout(this.#again);
    const wait = AGAIN_MS[Math.min(this.#failures++, AGAIN_MS.length - 1)];
    this.#again = setTimeout(() => void this.#offer(), wait);
  }
}

/** The telephone network's own coding first: nothing is lost by turning it into another. */
function preferPcmu(connection: RTCPeerConnection): void {
  const known = RTCRtpReceiver.getCapabilities("audio")?.codecs ?? [];
  const rank = (codec: { mimeType: string }) => (codec.mimeType.toUpperCase() === "AUDIO/PCMU" ? 0 : 1);
  const wanted = [...known].sort((a, b) => rank(a) - rank(b));
  for (const transceiver of connection.getTransceivers()) transceiver.setCodecPreferences?.(wanted);
}

function gathered(connection: RTCPeerConnection): Promise<void> {
  if (connection.iceGatheringState === "complete") return Promise.resolve();
  return new Promise((done) => {
    const late = setTimeout(done, GATHER_MS);
    connection.addEventListener("icegatheringstatechange", () => {
      if (connection.iceGatheringState !== "complete") return;
      clearTimeout(late);
      done();
    });
  });
}
