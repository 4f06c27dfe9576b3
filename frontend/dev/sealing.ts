// Pretend sealing for looking at screens against the mock: plain words in base64.

const encode = (value: unknown) => btoa(unescape(encodeURIComponent(JSON.stringify(value))));

export async function seal(body: unknown): Promise<{ sealed: string; rset: string; recipients: string[]; patientMark: null }> {
  return { sealed: encode(body), rset: "0".repeat(64), recipients: [`key_${"0".repeat(32)}`], patientMark: null };
}
export async function sealDraft(form: unknown): Promise<string> {
  return encode(form);
}
export async function openDraft(sealed: string): Promise<unknown> {
  return JSON.parse(decodeURIComponent(escape(atob(sealed))));
}
export function newMessageId(): string {
  return `msg_${crypto.randomUUID().replaceAll("-", "")}`;
}
