// A practice's wall clock: what is typed there means that instant, wherever this computer stands.

/** "2026-11-23T19:00" on the wall in `zone`, as an ISO instant. The hour that comes twice: its first. */
export function instantOf(typed: string, zone: string): string {
  const asUtc = Date.parse(`${typed}Z`);
  if (Number.isNaN(asUtc)) throw new RangeError("no time");
  // An offset is at most 14 hours; the earliest instant whose wall clock reads the same is meant.
  const offsets = new Set([-1, 0, 1].map((days) => offsetMs(asUtc + days * 86_400_000, zone)));
  const meant = [...offsets].map((offset) => asUtc - offset).filter((at) => at + offsetMs(at, zone) === asUtc);
  // A time that the clock skips is read as the hour after it.
  const at = meant.length ? Math.min(...meant) : asUtc - Math.min(...offsets);
  return new Date(at).toISOString();
}

/** How far the wall clock in `zone` is ahead of UTC at an instant, in ms. */
function offsetMs(at: number, zone: string): number {
  const parts = new Intl.DateTimeFormat("en-US", {
    timeZone: zone, hourCycle: "h23", year: "numeric", month: "2-digit", day: "2-digit",
    hour: "2-digit", minute: "2-digit", second: "2-digit",
  }).formatToParts(at);
  const of = (kind: string) => Number(parts.find((one) => one.type === kind)?.value);
  return Date.UTC(of("year"), of("month") - 1, of("day"), of("hour"), of("minute"), of("second")) - Math.floor(at / 1000) * 1000;
}
