// Derives in a worker where there are workers, and here where there are none (tests, very old browsers).
import { deriveHere, type Derived, type Kdf } from "./passphrase.ts";

export function derive(passphrase: string, salt: Uint8Array, kdf: Kdf): Promise<Derived> {
  if (typeof Worker === "undefined") return deriveHere(passphrase, salt, kdf);
  return new Promise((done, failed) => {
    const worker = new Worker(new URL("./derive.worker.ts", import.meta.url), { type: "module" });
    worker.onmessage = (event: MessageEvent<{ derived?: Derived; failure?: string }>) => {
      worker.terminate();
      if (event.data.derived) done(event.data.derived);
      else failed(new Error(event.data.failure));
    };
    worker.onerror = () => {
      worker.terminate();
      failed(new Error("This browser could not turn the passphrase into keys. Update it, or use another browser."));
    };
    worker.postMessage({ passphrase, salt, kdf });
  });
}
