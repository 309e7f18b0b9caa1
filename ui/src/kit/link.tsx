// A link inside of the page: keeps the environment that is looked at, leaves new tabs to the browser.
import { useRouter } from "@tanstack/react-router";
import type { AnchorHTMLAttributes, MouseEvent, ReactNode } from "react";
import { useEnvironment } from "../data/environment.ts";

interface LinkProps extends Omit<AnchorHTMLAttributes<HTMLAnchorElement>, "href"> {
  /** From links.ts. */
  readonly to: string;
  readonly children?: ReactNode;
}

export function Link({ to, children, onClick, ...rest }: LinkProps): ReactNode {
  const router = useRouter();
  const href = useHref(to);
  const follow = (event: MouseEvent<HTMLAnchorElement>): void => {
    onClick?.(event);
    if (event.defaultPrevented || event.button !== 0 || event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return;
    event.preventDefault();
    router.history.push(href);
  };
  const preload = (): void => void router.preloadRoute({ to: href.split("?")[0]! } as never).catch(() => {});
  return (
    <a {...rest} href={href} onClick={follow} onPointerEnter={preload}>
      {children}
    </a>
  );
}

/** Goes to an address of links.ts. */
export function useGo(): (to: string, how?: "push" | "replace") => void {
  const router = useRouter();
  const [environment] = useEnvironment();
  return (to, how = "push") => router.history[how](withEnvironment(to, environment));
}

export function useHref(to: string): string {
  const [environment] = useEnvironment();
  return withEnvironment(to, environment);
}

function withEnvironment(to: string, environment: string | undefined): string {
  if (environment === undefined) return to;
  return `${to}${to.includes("?") ? "&" : "?"}env=${encodeURIComponent(environment)}`;
}
