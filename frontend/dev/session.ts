// A pretend session for looking at screens against the mock: nothing is derived, nothing is sealed.
import { api, ask, type Schemas } from "../shared/api/client.ts";

export type Me = Schemas["Me"];
export type Progress = (step: "salt" | "deriving" | "asking" | "unlocking", part: number) => void;
let open = !location.search.includes("locked");
const told = new Set<(open: boolean) => void>();

export async function signIn(handle: string, passphrase: string, progress: Progress = () => {}): Promise<Me> {
  progress("deriving", 0);
  await new Promise((done) => setTimeout(done, 1500));
  const me = await ask(api.POST("/api/sign-in", { body: { handle, verifier: btoa(passphrase) } }));
  sessionStorage.setItem("mock.kind", me.kind);
  return me;
}
export async function me(): Promise<Me | null> {
  return location.pathname.startsWith("/sign-in") ? null : ask(api.GET("/api/me"));
}
export async function unlock(passphrase?: string): Promise<boolean> {
  if (passphrase) open = true;
  for (const one of told) one(open);
  return open;
}
export function unlocked(): boolean {
  return open;
}
export async function lock(): Promise<void> {
  open = false;
  for (const one of told) one(open);
}
export async function signOut(): Promise<void> {}
export function onLock(hear: (open: boolean) => void): () => void {
  told.add(hear);
  return () => told.delete(hear);
}
export async function keys(): Promise<Record<string, never>> {
  return {};
}
