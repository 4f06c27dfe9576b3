// Where in the surface one is, kept in the address so that Back works: #accounts/account_..., #people, #service.
export type Section = "accounts" | "people" | "service";

export interface Place {
  section: Section;
  id: string; // "" for the list, "new" for a fresh one
}

const SECTIONS: readonly string[] = ["accounts", "people", "service"];

export function placeOf(hash: string): Place {
  const [section = "", id = ""] = hash.replace(/^#/, "").split("/");
  return SECTIONS.includes(section) ? { section: section as Section, id } : { section: "accounts", id: "" };
}

class Where {
  now = $state<Place>(placeOf(location.hash));

  constructor() {
    addEventListener("hashchange", () => (this.now = placeOf(location.hash)));
  }

  go(section: Section, id = ""): void {
    location.hash = id ? `${section}/${id}` : section;
  }
}

export const where = new Where();
