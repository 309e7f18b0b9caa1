// How the page looks on this device: theme (the system's until a person chooses), contrast, density, time zone of what is shown.
import { signal } from "./signal.ts";

export interface Appearance {
  readonly theme: "system" | "light" | "dark";
  readonly contrast: "system" | "normal" | "more";
  readonly density: "compact" | "default" | "comfortable";
  /** `local` of this device or `utc`. */
  readonly zone: "local" | "utc";
  readonly rail: "open" | "narrow";
}

const STORE = "millrace.appearance";
const usual: Appearance = { theme: "system", contrast: "system", density: "default", zone: "local", rail: "open" };

export const appearance = signal<Appearance>(stored());

export function changeAppearance(change: Partial<Appearance>): void {
  appearance.set({ ...appearance.get(), ...change });
  try {
    localStorage.setItem(STORE, JSON.stringify(appearance.get()));
  } catch {
    // A browser that keeps nothing: the choice holds until the page is closed.
  }
}

export function startAppearance(): void {
  const dark = matchMedia("(prefers-color-scheme: dark)");
  const more = matchMedia("(prefers-contrast: more)");
  const apply = (): void => {
    const { theme, contrast, density } = appearance.get();
    const root = document.documentElement.dataset;
    root["theme"] = theme === "system" ? (dark.matches ? "dark" : "light") : theme;
    root["contrast"] = contrast === "system" ? (more.matches ? "more" : "normal") : contrast;
    root["density"] = density;
  };
  dark.addEventListener("change", apply);
  more.addEventListener("change", apply);
  appearance.subscribe(apply);
  apply();
}

function stored(): Appearance {
  try {
    return { ...usual, ...(JSON.parse(localStorage.getItem(STORE) ?? "{}") as Partial<Appearance>) };
  } catch {
    return usual;
  }
}
