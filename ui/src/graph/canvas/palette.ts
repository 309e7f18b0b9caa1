// The colours of the tokens for what is drawn on a canvas; asked for again when theme or contrast change.
import type { StatusKind } from "../../kit/status.tsx";

export interface Palette {
  readonly font: string;
  readonly mono: string;
  readonly bg: string;
  readonly surface: string;
  readonly sunken: string;
  readonly line: string;
  readonly lineStrong: string;
  readonly text: string;
  readonly quiet: string;
  readonly accent: string;
  readonly accentSoft: string;
  readonly focus: string;
  readonly fill: Readonly<Record<StatusKind, string>>;
  readonly soft: Readonly<Record<StatusKind, string>>;
  /** From little to much. */
  readonly heat: readonly string[];
}

export function readPalette(): Palette {
  const style = getComputedStyle(document.documentElement);
  const value = (name: string): string => style.getPropertyValue(`--${name}`).trim();
  return {
    font: value("font"),
    mono: value("mono"),
    bg: value("bg"),
    surface: value("surface"),
    sunken: value("sunken"),
    line: value("line"),
    lineStrong: value("line-strong"),
    text: value("text"),
    quiet: value("text-3"),
    accent: value("accent"),
    accentSoft: value("accent-soft"),
    focus: value("focus"),
    fill: {
      ok: value("ok"),
      fail: value("fail"),
      run: value("run"),
      warn: value("warn"),
      late: value("late"),
      idle: value("idle"),
      quarantine: value("warn"),
    },
    soft: {
      ok: value("ok-soft"),
      fail: value("fail-soft"),
      run: value("run-soft"),
      warn: value("warn-soft"),
      late: value("late-soft"),
      idle: value("idle-soft"),
      quarantine: value("warn-soft"),
    },
    heat: [1, 2, 3, 4, 5].map((step) => value(`heat-${step}`)),
  };
}

/** Calls when the colours have changed. */
export function onPalette(listener: () => void): () => void {
  const observer = new MutationObserver(listener);
  observer.observe(document.documentElement, { attributes: true, attributeFilter: ["data-theme", "data-contrast"] });
  const dark = matchMedia("(prefers-color-scheme: dark)");
  dark.addEventListener("change", listener);
  return () => {
    observer.disconnect();
    dark.removeEventListener("change", listener);
  };
}
