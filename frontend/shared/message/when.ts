// Times of a night as people say them: "Sun 6 pm", "2:16", "9 s"; built on the shared clock words.

import { clockTime } from "../time.ts";

/** The hour alone where the minutes say nothing: "6 pm", "7:30 am". */
export function hour(at: string | Date, zone?: string): string {
  return clockTime(at, zone).replace(":00", "");
}

/** The clock without am or pm, for lines where every time is of the same night. */
export function bareClock(at: string | Date, zone?: string): string {
  return clockTime(at, zone).replace(/ [ap]m$/, "");
}

export function weekday(at: string | Date, zone?: string): string {
  return new Date(at).toLocaleDateString("en-US", { weekday: "short", ...(zone && { timeZone: zone }) });
}

/** YYYY-MM-DD as that place's calendar has it. */
export function dateOf(at: string | Date, zone?: string): string {
  return new Date(at).toLocaleDateString("en-CA", zone ? { timeZone: zone } : {});
}

/** Some days before or after a YYYY-MM-DD, by the calendar: no clock change can skip one. */
export function dayBeside(date: string, days: number): string {
  const moved = new Date(`${date}T12:00:00Z`);
  moved.setUTCDate(moved.getUTCDate() + days);
  return moved.toISOString().slice(0, 10);
}

/** A measured wait: "9 s", "1 min 31 s"; what was not measured is "unknown", never zero. */
export function measured(ms: number | null | undefined): string {
  if (ms === null || ms === undefined) return "unknown";
  const seconds = Math.round(ms / 1000);
  if (seconds < 60) return `${seconds} s`;
  const minutes = Math.floor(seconds / 60);
  return seconds % 60 ? `${minutes} min ${seconds % 60} s` : `${minutes} min`;
}
