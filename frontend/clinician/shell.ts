// What the service worker reads: the files a built file names, and what a push says.
// Only the worker imports this: a file shared with the page would become a chunk a classic worker cannot load.

/** Paths under /assets/ that the text leads to; relative names are beside the file that names them. */
export function filesNamedIn(text: string, path: string): string[] {
  const found = new Set<string>();
  for (const [, name] of text.matchAll(/["'(`]\/?assets\/([\w.-]+\.(?:js|css|woff2))["')`]/g)) found.add(name!);
  if (path.startsWith("/assets/"))
    for (const [, name] of text.matchAll(/["'(`]\.\/([\w.-]+\.(?:js|css|woff2))["')`]/g)) found.add(name!);
  return [...found].map((name) => `/assets/${name}`);
}

export interface Told {
  pageId: string;
  token: string;
}

/** A push carries a page's id and perhaps its one-use token; anything else in it is dropped unread. */
export function told(data: string): Told {
  try {
    const said = JSON.parse(data) as Record<string, unknown>;
    return { pageId: fitting(said["page"], /^page_[0-9a-f]{32}$/), token: fitting(said["token"], /^[\w-]{16,200}$/) };
  } catch {
    return { pageId: "", token: "" };
  }
}

function fitting(value: unknown, shape: RegExp): string {
  return typeof value === "string" && shape.test(value) ? value : "";
}
