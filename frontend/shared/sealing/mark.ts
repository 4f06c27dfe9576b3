// The patient mark: says "same patient" without saying who, to those who hold the practice's key.
import { toHex, utf8 } from "./bytes.ts";

/** The lower-case letters of the name without accents, a bar, the birth date (YYYY-MM-DD). */
export function normalised(name: string, born: string): string {
  const letters = name.normalize("NFKD").toLowerCase().match(/\p{L}/gu) ?? [];
  return `${letters.join("")}|${born}`;
}

/** Hex HMAC-SHA-256; null without a name or a whole birth date, which would mark everyone alike. */
export async function patientMark(key: Uint8Array<ArrayBuffer>, name: string, born: string): Promise<string | null> {
  const words = normalised(name, born);
  if (words.startsWith("|") || !/^\d{4}-\d{2}-\d{2}$/.test(born)) return null;
  const hmac = { name: "HMAC", hash: "SHA-256" };
  const imported = await crypto.subtle.importKey("raw", key, hmac, false, ["sign"]);
  return toHex(new Uint8Array(await crypto.subtle.sign("HMAC", imported, utf8(words))));
}
