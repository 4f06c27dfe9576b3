// Notifications on this device: whether they can be, whether they are, and turning them on.

import { api, ask } from "../shared/api/client.ts";

export type Ringing = "on" | "off" | "refused" | "install first" | "not here";

export async function worker(): Promise<ServiceWorkerRegistration | null> {
  if (!("serviceWorker" in navigator)) return null;
  return navigator.serviceWorker
    .register("/clinician/sw.js", { scope: "/clinician/", type: "classic" })
    .catch(() => null);
}

export async function ringing(): Promise<Ringing> {
  if (!("serviceWorker" in navigator)) return "not here";
  if (!("PushManager" in window) || !("Notification" in window)) return onAppleBrowser() ? "install first" : "not here";
  if (Notification.permission === "denied") return "refused";
  const registration = await navigator.serviceWorker.getRegistration("/clinician/");
  const subscribed = await registration?.pushManager.getSubscription();
  return subscribed && Notification.permission === "granted" ? "on" : "off";
}

/** iPhones allow notifications only to an app that was put on the home screen. */
function onAppleBrowser(): boolean {
  return /iPhone|iPad/.test(navigator.userAgent);
}

export async function turnOn(): Promise<Ringing> {
  if ((await Notification.requestPermission()) !== "granted") return ringing();
  const registration = await worker();
  if (!registration) return "not here";
  const ready = await navigator.serviceWorker.ready;
  const { key } = await ask(api.GET("/api/push/key"));
  const subscription = await ready.pushManager.subscribe({
    userVisibleOnly: true,
    applicationServerKey: bytesOf(key),
  });
  const { endpoint, keys } = subscription.toJSON();
  await ask(
    api.PUT("/api/me/push", {
      body: { endpoint: endpoint ?? "", p256dh: keys?.["p256dh"] ?? "", auth: keys?.["auth"] ?? "" },
    }),
  );
  return ringing();
}

/** The very notification a page makes, from this device to itself. */
export async function showTest(): Promise<void> {
  const registration = await navigator.serviceWorker.ready;
  await registration.showNotification("Test page. Nothing is waiting.", {
    body: "A real one says only: Urgent page. Open to read.",
    icon: "/clinician/icon-192.png",
    badge: "/clinician/icon-192.png",
    tag: "nightbell-test",
  });
}

export function bytesOf(base64url: string): Uint8Array<ArrayBuffer> {
  const plain = atob(base64url.replaceAll("-", "+").replaceAll("_", "/"));
  return Uint8Array.from(plain, (one) => one.charCodeAt(0));
}
