// Every act of a screen, its key and its name, in one registry: the palette, the printed keys and the key map read it.
import { untrack } from "svelte";
import { tinykeys } from "tinykeys";

export interface Command {
  id: string;
  label: string; // "Hold the caller"
  keys?: string; // tinykeys notation: "F2", "$mod+k"
  group?: string; // "Call", "Go to"
  words?: string; // more to be found by
  run: () => void;
  off?: string | false; // why it cannot be done now
}

const KEPT = "nightbell.keys";
type Chosen = Record<string, string>; // command id -> keys; "" is switched off

const shelves = $state<{ commands: () => Command[] }[]>([]);
const chosen = $state<Chosen>(load());

function load(): Chosen {
  try {
    return JSON.parse(localStorage.getItem(KEPT) ?? "{}") as Chosen;
  } catch {
    return {};
  }
}

/** All commands of this screen now, with the keys this person chose; of two with one id the later stands. */
export function commands(): Command[] {
  const all = new Map<string, Command>();
  for (const one of shelves.flatMap((shelf) => shelf.commands())) all.set(one.id, withKeys(one, chosen));
  return [...all.values()];
}

export function withKeys(one: Command, by: Chosen): Command {
  const { keys: _, ...rest } = one;
  const keys = by[one.id] ?? one.keys;
  return keys ? { ...rest, keys } : rest;
}

/** Call in a component's script: its commands stand while it is on the screen. */
export function useCommands(made: () => Command[]): void {
  $effect(() => {
    untrack(() => shelves.push({ commands: made }));
    return () => {
      const at = shelves.findIndex((one) => one.commands === made);
      if (at >= 0) shelves.splice(at, 1);
    };
  });
}

/** Binds the registry's keys to the window; call once a surface. */
export function useKeys(): void {
  $effect(() => {
    const bound: Record<string, (event: KeyboardEvent) => void> = {};
    for (const one of commands()) {
      if (!one.keys) continue;
      bound[one.keys] = (event) => {
        event.preventDefault();
        if (!one.off && !event.repeat) one.run();
      };
    }
    return tinykeys(window, bound);
  });
}

/** The key printed for a command, or undefined when it has none. */
export function keyOf(id: string): string | undefined {
  const one = commands().find((command) => command.id === id);
  return one?.keys ? printed(one.keys) : undefined;
}

/** "" switches the key off; undefined restores the given one. */
export function chooseKey(id: string, keys: string | undefined): void {
  if (keys === undefined) delete chosen[id];
  else chosen[id] = keys;
  try {
    localStorage.setItem(KEPT, JSON.stringify(chosen));
  } catch {
    // Storage is switched off: the choice lasts until this page is closed.
  }
}

const NAMES: Record<string, string> = { $mod: "Ctrl", Enter: "Enter", Escape: "Esc", " ": "Space" };

/** "$mod+k" as a person reads it: "Ctrl+K". */
export function printed(keys: string): string {
  return keys
    .split("+")
    .map((part) => NAMES[part] ?? (part.length === 1 ? part.toUpperCase() : part))
    .join("+");
}

/** The notation of a key press, or "" for one that may not be a command (a bare letter or digit). */
export function notation(event: Pick<KeyboardEvent, "key" | "ctrlKey" | "metaKey" | "altKey" | "shiftKey">): string {
  const bare = !event.ctrlKey && !event.metaKey && !event.altKey;
  if (["Control", "Shift", "Alt", "Meta", "Tab"].includes(event.key)) return "";
  if (bare && !/^F\d{1,2}$/.test(event.key)) return "";
  const parts = [
    event.ctrlKey || event.metaKey ? "$mod" : "",
    event.altKey ? "Alt" : "",
    event.shiftKey ? "Shift" : "",
    event.key.length === 1 ? event.key.toLowerCase() : event.key,
  ];
  return parts.filter(Boolean).join("+");
}

/** Commands that fit what was typed, best first: every typed word begins a word of the label or group. */
export function found(all: Command[], typed: string): Command[] {
  const wanted = typed.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return all;
  const score = (one: Command): number => {
    const label = one.label.toLowerCase();
    const text = `${label} ${one.group ?? ""} ${one.words ?? ""}`.toLowerCase();
    const words = text.split(/[^a-z0-9]+/);
    if (!wanted.every((want) => words.some((word) => word.startsWith(want)) || text.includes(want))) return 0;
    return label.startsWith(wanted[0] ?? "") ? 3 : wanted.every((want) => label.includes(want)) ? 2 : 1;
  };
  return all
    .map((one) => ({ one, score: score(one) }))
    .filter(({ score }) => score > 0)
    .sort((a, b) => b.score - a.score)
    .map(({ one }) => one);
}
