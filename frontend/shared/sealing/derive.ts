// Derives in a worker where there are workers, and here where there are none (tests, no network).
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
      // Its script did not come: without a network no service worker stands in for it. Slower here, but it opens.
      worker.terminate();
      deriveHere(passphrase, salt, kdf).then(done, failed);
    };
    worker.postMessage({ passphrase, salt, kdf });
  });
}
