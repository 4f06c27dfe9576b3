// Argon2id on a thread of its own, so that typing never freezes.
import { deriveHere, type Kdf } from "./passphrase.ts";

export interface DeriveAsked {
  passphrase: string;
  salt: Uint8Array;
  kdf: Kdf;
}

self.onmessage = async (event: MessageEvent<DeriveAsked>) => {
  const { passphrase, salt, kdf } = event.data;
  try {
    self.postMessage({ derived: await deriveHere(passphrase, salt, kdf) });
  } catch (failure) {
    self.postMessage({ failure: failure instanceof Error ? failure.message : "Argon2id did not run." });
  }
};
