// A birth date as a caller says it and an agent types it: "4/3/51", "3 apr 1951", "apr 3 51", "1951-04-03".

const MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"];

/** YYYY-MM-DD, or "" when it is not a date that a living person was born on. Numbers alone are month first. */
export function bornOn(typed: string, now: number): string {
  const text = typed.trim().toLowerCase();
  const iso = /^(\d{4})-(\d{1,2})-(\d{1,2})$/.exec(text);
  if (iso) return checked(Number(iso[1]), Number(iso[2]), Number(iso[3]), now);
  const parts = text.split(/[\s/.,-]+/).filter(Boolean);
  if (parts.length !== 3) return "";
  const [a, b, c] = parts as [string, string, string];
  const named = (part: string) => (part.length >= 3 ? MONTHS.findIndex((one) => part.startsWith(one)) + 1 : 0);
  if (!/^\d{2}(\d{2})?$/.test(c)) return "";
  const year = c.length === 4 ? Number(c) : century(Number(c), now);
  if (named(a)) return checked(year, named(a), Number(b.replace(/(st|nd|rd|th)$/, "")), now);
  if (named(b)) return checked(year, named(b), Number(a.replace(/(st|nd|rd|th)$/, "")), now);
  return checked(year, Number(a), Number(b), now);
}

/** A birth date lies behind us: "26" is 1926 only once 2026 is over, or for a date still to come. */
function century(two: number, now: number): number {
  const year = new Date(now).getUTCFullYear();
  const here = Math.floor(year / 100) * 100 + two;
  return here > year ? here - 100 : here;
}

function checked(year: number, month: number, day: number, now: number): string {
  const at = new Date(Date.UTC(year, month - 1, day));
  const real = at.getUTCFullYear() === year && at.getUTCMonth() === month - 1 && at.getUTCDate() === day;
  // A day's grace: the caller's today may already be our tomorrow.
  if (!real || at.getTime() > now + 86_400_000 || year < new Date(now).getUTCFullYear() - 125) return "";
  return at.toISOString().slice(0, 10);
}

/** "74", "7 months", "12 days": as a clinician would say it. */
export function ageWords(born: string, now: number): string {
  const at = new Date(`${born}T00:00:00Z`);
  const today = new Date(now);
  const days = Math.max(0, Math.floor((now - at.getTime()) / 86_400_000));
  const months = monthsOld(born, now);
  if (days < 60) return days === 1 ? "1 day" : `${days} days`;
  if (months < 24) return `${months} months`;
  const before =
    today.getUTCMonth() < at.getUTCMonth() ||
    (today.getUTCMonth() === at.getUTCMonth() && today.getUTCDate() < at.getUTCDate());
  return String(today.getUTCFullYear() - at.getUTCFullYear() - (before ? 1 : 0));
}

export function monthsOld(born: string, now: number): number {
  const at = new Date(`${born}T00:00:00Z`);
  const today = new Date(now);
  const whole = (today.getUTCFullYear() - at.getUTCFullYear()) * 12 + today.getUTCMonth() - at.getUTCMonth();
  return Math.max(0, today.getUTCDate() < at.getUTCDate() ? whole - 1 : whole);
}
