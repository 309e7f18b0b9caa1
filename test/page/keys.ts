// A person who goes by keys alone: Tab until what they mean has the focus, then keys. Nothing here clicks, and nothing is set but by typing.
import type { Locator, Page } from "playwright-core";

const TABS_MAX = 150;

export interface Hands {
  /** Tab (or Shift+Tab) to what is meant; fails with what had the focus on the way where it is never reached. */
  to(target: Locator, how?: "forth" | "back"): Promise<void>;
  /** To it, then Enter. */
  enter(target: Locator, how?: "forth" | "back"): Promise<void>;
  /** To the field, all of it selected, typed over. */
  type(target: Locator, text: string, how?: "forth" | "back"): Promise<void>;
  press(...keys: readonly string[]): Promise<void>;
}

export function handsOn(page: Page): Hands {
  const press: Hands["press"] = async (...keys) => {
    for (const key of keys) await page.keyboard.press(key);
  };
  const to: Hands["to"] = async (target, how = "forth") => {
    await target.waitFor();
    const way: string[] = [];
    for (let count = 0; count < TABS_MAX; count += 1) {
      if (await target.evaluate(hasFocus)) return;
      await page.keyboard.press(how === "forth" ? "Tab" : "Shift+Tab");
      way.push(
        await page.evaluate(() =>
          (document.activeElement?.getAttribute("aria-label") ?? document.activeElement?.textContent ?? "").slice(0, 30),
        ),
      );
    }
    throw new Error(`${String(target)} is not reached by Tab: ${way.join(" | ")}`);
  };
  return {
    to,
    press,
    async enter(target, how) {
      await to(target, how);
      await press("Enter");
    },
    async type(target, text, how) {
      await to(target, how);
      await press("Control+a");
      await page.keyboard.type(text);
    },
  };
}

function hasFocus(element: Element): boolean {
  let active = document.activeElement;
  while (active?.shadowRoot?.activeElement != null) active = active.shadowRoot.activeElement;
  return active === element;
}
