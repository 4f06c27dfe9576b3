// The theme switch: the system's preference, unless this browser's person chose otherwise.
export type Theme = "system" | "light" | "dark";
const KEPT = "nightbell.theme";

export function theme(): Theme {
  const set = document.documentElement.dataset["theme"];
  return set === "dark" || set === "light" ? set : "system";
}

export function setTheme(to: Theme): void {
  if (to === "system") delete document.documentElement.dataset["theme"];
  else document.documentElement.dataset["theme"] = to;
  try {
    if (to === "system") localStorage.removeItem(KEPT);
    else localStorage.setItem(KEPT, to);
  } catch {
    // Storage is switched off: the choice lasts until this page is closed.
  }
}
