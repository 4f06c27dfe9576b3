// Time on screens is the server's: an offset learned from its answers, and the words for instants and lengths.

let offsetMs = 0;
let bestTripMs = Infinity;

/** Learn the offset from an instant the server named. Short round trips are believed over long ones. */
export function learnTime(named: string | null | undefined, sentAt: number, gotAt: number): void {
  if (!named) return;
  const server = Date.parse(named);
  if (Number.isNaN(server)) return;
  // The Date header is cut to the second: on average half a second behind.
  const coarse = /GMT$/.test(named);
  const trip = gotAt - sentAt + (coarse ? 1000 : 0);
  const offset = server + (coarse ? 500 : 0) - (sentAt + gotAt) / 2;
  if (trip > bestTripMs && Math.abs(offset - offsetMs) < trip) return;
  bestTripMs = trip;
  offsetMs = offset;
}

export function serverNow(): number {
  return Date.now() + offsetMs;
}

/** For tests: forget what was learned. */
export function forgetTime(): void {
  offsetMs = 0;
  bestTripMs = Infinity;
}

/** "3:12", "1:04:09"; never negative. */
export function span(ms: number): string {
  const all = Math.max(0, Math.floor(ms / 1000));
  const seconds = String(all % 60).padStart(2, "0");
  const minutes = Math.floor(all / 60) % 60;
  const hours = Math.floor(all / 3600);
  return hours ? `${hours}:${String(minutes).padStart(2, "0")}:${seconds}` : `${minutes}:${seconds}`;
}

type Instant = string | number | Date;

/** "2:14 am", in the zone given or this screen's own. */
export function clockTime(at: Instant, zone?: string): string {
  return new Intl.DateTimeFormat("en-US", { hour: "numeric", minute: "2-digit", ...(zone && { timeZone: zone }) })
    .format(new Date(at))
    .replace(/\s/g, " ")
    .replace("AM", "am")
    .replace("PM", "pm");
}

/** "8:00", or "6 pm" style for the full hour when `short`; for "closed until 8:00 am". */
export function dayTime(at: Instant, zone: string | undefined, now: Instant): string {
  const time = clockTime(at, zone);
  const day = dayName(at, zone, now);
  return day === "today" ? time : `${time} ${day}`;
}

/** "today", "tomorrow", "yesterday", "Tuesday", "3 Apr". */
export function dayName(at: Instant, zone: string | undefined, now: Instant): string {
  const days = Math.round((dayNumber(at, zone) - dayNumber(now, zone)) / 86_400_000);
  if (days === 0) return "today";
  if (days === 1) return "tomorrow";
  if (days === -1) return "yesterday";
  const style: Intl.DateTimeFormatOptions = Math.abs(days) < 7 ? { weekday: "long" } : { day: "numeric", month: "short" };
  return new Intl.DateTimeFormat("en-GB", { ...style, ...(zone && { timeZone: zone }) }).format(new Date(at));
}

function dayNumber(at: Instant, zone: string | undefined): number {
  const parts = new Intl.DateTimeFormat("en-CA", {
    year: "numeric", month: "2-digit", day: "2-digit", ...(zone && { timeZone: zone }),
  }).format(new Date(at));
  return Date.parse(`${parts}T00:00:00Z`);
}

/** "3 Apr 1951" of a plain date, whatever the zone. */
export function dateWords(date: string): string {
  const at = new Date(`${date}T12:00:00Z`);
  if (Number.isNaN(at.getTime())) return date;
  return new Intl.DateTimeFormat("en-GB", { day: "numeric", month: "short", year: "numeric", timeZone: "UTC" }).format(at);
}
