// Keys that work on every page. A key that a person types into a field is never one of them.
//   / or Ctrl+K   search      g LETTER   go to a place      j k   into the list, and through it      r   retry or run
//   [ ]           back and forth         Ctrl+B   fold the rail      ?   what keys there are
import { useRouter } from "@tanstack/react-router";
import { useEffect } from "react";
import { appearance, changeAppearance } from "../data/appearance.ts";
import { useGo } from "../kit/link.tsx";
import { keysOpen, paletteOpen } from "./open.ts";
import { places } from "./places.ts";

const SECOND_KEY_MS = 1_500;

export function useKeys(): void {
  const router = useRouter();
  const go = useGo();
  useEffect(() => {
    let goUntil = 0;
    const press = (event: KeyboardEvent): void => {
      const isCommand = event.metaKey || event.ctrlKey;
      if (isCommand && event.key.toLowerCase() === "k") paletteOpen.set(true);
      else if (isCommand && event.key.toLowerCase() === "b" && !isTyping(event.target))
        changeAppearance({ rail: appearance.get().rail === "open" ? "narrow" : "open" });
      else if (isCommand || event.altKey || isTyping(event.target) || paletteOpen.get() || document.querySelector("dialog[open]") !== null)
        return;
      else if (Date.now() < goUntil) {
        goUntil = 0;
        const place = places.flat().find(({ letter, path }) => letter === event.key && path in router.routesByPath);
        if (place === undefined) return;
        go(place.to);
      } else if (event.key === "g") goUntil = Date.now() + SECOND_KEY_MS;
      else if (event.key === "/") paletteOpen.set(true);
      else if (event.key === "?") keysOpen.set(true);
      else if (event.key === "[") router.history.back();
      else if (event.key === "]") router.history.forward();
      else if (event.key === "j" || event.key === "k") {
        if (!enterList(event.target)) return;
      } else {
        // A page's own act: the button that names the key.
        const button = document.querySelector<HTMLButtonElement>(`[data-key="${CSS.escape(event.key)}"]:not(:disabled)`);
        if (button === null) return;
        button.click();
      }
      event.preventDefault();
    };
    document.addEventListener("keydown", press);
    return () => document.removeEventListener("keydown", press);
  }, [router, go]);
}

function isTyping(target: EventTarget | null): boolean {
  return (
    target instanceof HTMLElement &&
    (target.isContentEditable || target.closest("input:not([type=checkbox]), textarea, select, .cm-editor") !== null)
  );
}

/** From anywhere else `j` goes into the first list of the page; inside of it the list itself hears the key. */
function enterList(target: EventTarget | null): boolean {
  const list = document.querySelector("main [data-list]");
  if (list === null || (target instanceof Node && list.contains(target) && target !== list)) return false;
  const first = list.matches("[tabindex]")
    ? list
    : (list.querySelector("tbody [tabindex='0'], [role] [tabindex='0']") ?? list.querySelector("[tabindex='0'], a, button"));
  if (!(first instanceof HTMLElement)) return false;
  first.focus();
  return true;
}
