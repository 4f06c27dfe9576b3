// The clinician's service worker: the shell without a network, and a page as a notification that tells nothing.
/// <reference lib="webworker" />

import { filesNamedIn, told } from "./shell.ts";

declare const self: ServiceWorkerGlobalScope;

const SHELL = "nightbell-clinician-shell";
const HOME = "/clinician/";
const WAIT_MS = 3000; // a slow network at 3 a.m. must not hold the screen back

self.addEventListener("install", (event) => {
  event.waitUntil(keepShell().then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  event.waitUntil(self.clients.claim());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const { origin, pathname } = new URL(request.url);
  if (request.method !== "GET" || origin !== self.location.origin) return;
  if (request.mode === "navigate" && pathname.startsWith(HOME)) event.respondWith(home(event));
  else if (KEY_ANSWERS.has(pathname)) event.respondWith(keyAnswer(request));
  else if (pathname.startsWith("/assets/") || SHELL_FILES.has(pathname)) event.respondWith(asset(request));
});

const SHELL_FILES = new Set([
  "/theme.js", "/bell.svg", "/clinician/manifest.webmanifest", "/clinician/icon-192.png",
]);

// All that is kept of /api: what opening needs without a network, and none of it opens anything without the
// passphrase: my key wrapped under it, shared keys closed to my key, and public signing keys. Gone at sign-out.
const KEY_ANSWERS = new Set(["/api/me", "/api/keys/mine", "/api/keys/signers"]);
const KEYS = "nightbell-clinician-keys";

async function keyAnswer(request: Request): Promise<Response> {
  const shelf = await caches.open(KEYS);
  try {
    const fresh = await fetch(request);
    if (fresh.status === 401) await caches.delete(KEYS);
    else if (fresh.ok) await shelf.put(request, fresh.clone());
    return fresh;
  } catch (failure) {
    const held = await shelf.match(request);
    if (held) return held;
    throw failure;
  }
}

async function home(event: FetchEvent): Promise<Response> {
  const fresh = fetch(HOME, { cache: "no-cache" }).then(async (answer) => {
    if (!answer.ok) throw new Error(String(answer.status));
    event.waitUntil(keepShell(answer.clone()));
    return answer;
  });
  const old = await caches.match(HOME);
  if (!old) return fresh;
  const late = new Promise<Response>((done) => setTimeout(() => done(old.clone()), WAIT_MS));
  return Promise.race([fresh.catch(() => old), late]);
}

async function asset(request: Request): Promise<Response> {
  const held = await caches.match(request);
  if (held) return held;
  const fresh = await fetch(request);
  if (fresh.ok) await (await caches.open(SHELL)).put(request, fresh.clone());
  return fresh;
}

/** Keeps the page and every file it leads to; what it no longer leads to is let go. */
async function keepShell(page?: Response): Promise<void> {
  const shelf = await caches.open(SHELL);
  const home = page ?? (await fetch(HOME, { cache: "no-cache" }));
  if (!home.ok) return;
  const wanted = new Set<string>(SHELL_FILES);
  const ahead = filesNamedIn(await home.clone().text(), HOME);
  for (let next = ahead.pop(); next; next = ahead.pop()) {
    if (wanted.has(next)) continue;
    wanted.add(next);
    const held = (await shelf.match(next)) ?? (await fetched(shelf, next));
    if (held && /\.(js|css)$/.test(next)) ahead.push(...filesNamedIn(await held.clone().text(), next));
  }
  for (const path of SHELL_FILES) if (!(await shelf.match(path))) await fetched(shelf, path);
  await shelf.put(HOME, home);
  for (const request of await shelf.keys()) {
    const { pathname } = new URL(request.url);
    if (pathname !== HOME && !wanted.has(pathname)) await shelf.delete(request);
  }
}

async function fetched(shelf: Cache, path: string): Promise<Response | null> {
  const answer = await fetch(path).catch(() => null);
  if (!answer?.ok) return null;
  await shelf.put(path, answer.clone());
  return answer;
}

self.addEventListener("push", (event) => {
  const page = told(event.data?.text() ?? "");
  // The words are fixed here: whatever a push carries, a lock screen says this and no more.
  const shown = self.registration.showNotification("Urgent page. Open to read.", {
    icon: "/clinician/icon-192.png",
    badge: "/clinician/icon-192.png",
    tag: page.pageId || "nightbell-page",
    requireInteraction: true,
    data: page,
  });
  event.waitUntil(shown.then(() => reportOnDevice(page.pageId)));
});

/** Delivered means: this device shows it. Without a session nothing can be said, and the page stays undelivered. */
async function reportOnDevice(pageId: string): Promise<void> {
  if (!pageId) return;
  try {
    const me = await fetch("/api/me", { cache: "no-store" });
    if (!me.ok) return;
    const { csrf } = (await me.json()) as { csrf: string };
    await fetch(`/api/pages/${pageId}/on-device`, { method: "POST", headers: { "X-CSRF": csrf } });
  } catch {
    // No network after all: the telephone rings next, as the policy says.
  }
}

self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const page = event.notification.data as ReturnType<typeof told> | undefined;
  const fragment = page?.token ? `#t=${page.token}` : page?.pageId ? `#p=${page.pageId}` : "";
  event.waitUntil(openApp(fragment));
});

async function openApp(fragment: string): Promise<void> {
  const open = await self.clients.matchAll({ type: "window", includeUncontrolled: true });
  const mine = open.find((one) => new URL(one.url).pathname.startsWith(HOME));
  if (!mine) return void (await self.clients.openWindow(HOME + fragment));
  await mine.focus();
  mine.postMessage({ open: fragment });
}
