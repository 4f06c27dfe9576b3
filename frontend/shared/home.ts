// Which screen is whose.
const HOMES: Record<string, string> = {
  agent: "/console/",
  supervisor: "/floor/",
  administrator: "/admin/",
  clinician: "/clinician/",
  office: "/office/",
};

export function homeOf(kind: string): string {
  return HOMES[kind] ?? "/sign-in/";
}

/** Where to go after signing in: a page of this server that was asked for, else the person's own. */
export function wayOn(asked: string | null, kind: string): string {
  const ours = asked !== null && /^\/(?![/\\])/.test(asked) && !asked.startsWith("/sign-in");
  return ours ? asked : homeOf(kind);
}
