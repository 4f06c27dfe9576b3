// One tick a second for every timer on the screen, on the server's second.
import { createSubscriber } from "svelte/reactivity";
import { serverNow } from "./time.ts";

const subscribe = createSubscriber((update) => {
  let next: ReturnType<typeof setTimeout>;
  const tick = () => {
    update();
    next = setTimeout(tick, 1005 - (serverNow() % 1000));
  };
  tick();
  return () => clearTimeout(next);
});

export const clock = {
  /** The server's time in milliseconds; read inside a component it renews itself each second. */
  get now(): number {
    subscribe();
    return serverNow();
  },
};
