// Buttons: one primary act per page at most, `danger` only for what removes data. A link that looks like one: ButtonLink.
import type { ButtonHTMLAttributes, ReactNode, Ref } from "react";
import { Link } from "./link.tsx";

interface Look {
  readonly look?: "plain" | "primary" | "quiet" | "danger";
  readonly small?: boolean;
}

interface ButtonProps extends ButtonHTMLAttributes<HTMLButtonElement>, Look {
  /** The act goes on: it cannot be asked for twice. */
  readonly busy?: boolean;
  readonly ref?: Ref<HTMLButtonElement>;
}

function classOf({ look = "plain", small }: Look): string {
  return `btn ${look}${small === true ? " small" : ""}`;
}

export function Button({ look, small, busy, disabled, children, className, ...rest }: ButtonProps): ReactNode {
  const name = classOf({ ...(look === undefined ? {} : { look }), ...(small === undefined ? {} : { small }) });
  return (
    <button
      type="button"
      {...rest}
      className={className === undefined ? name : `${name} ${className}`}
      disabled={disabled === true || busy === true}
      aria-busy={busy === true ? true : undefined}
    >
      {children}
    </button>
  );
}

export function ButtonLink({ to, children, ...look }: Look & { readonly to: string; readonly children: ReactNode }): ReactNode {
  return (
    <Link to={to} className={classOf(look)}>
      {children}
    </Link>
  );
}
