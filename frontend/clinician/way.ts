// Where the clinician's app stands: its address fragment as a screen.

export type Way =
  | { screen: "page"; pageId: string | null }
  | { screen: "token"; token: string }
  | { screen: "earlier" | "shifts" | "me" };

/** Where a fragment leads. A token is in the fragment because fragments are never sent to a server. */
export function wayOf(fragment: string): Way {
  const token = /^#t=([\w-]{16,200})$/.exec(fragment)?.[1];
  if (token) return { screen: "token", token };
  const pageId = /^#p=(page_[0-9a-f]{32})$/.exec(fragment)?.[1];
  if (pageId) return { screen: "page", pageId };
  const screen = /^#\/(earlier|shifts|me)$/.exec(fragment)?.[1];
  if (screen) return { screen: screen as "earlier" | "shifts" | "me" };
  return { screen: "page", pageId: null };
}
