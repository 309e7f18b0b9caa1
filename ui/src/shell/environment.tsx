// Which environment the page looks at; prod has a red outline. It stands in the address, so that a link shows the same.
import type { ReactNode } from "react";
import { useEnvironment } from "../data/environment.ts";
import { useRead } from "../data/read.ts";

export function EnvironmentChoice(): ReactNode {
  const [environment, setEnvironment] = useEnvironment();
  const read = useRead("environments.list", {});
  const { data } = read;
  if (data === undefined) return null;
  const current = environment ?? data.current.environment;
  const names = [...new Set([current, ...data.environments.map((each) => each.environment)])];
  const look = current === "prod" ? "env production" : "env";
  if (names.length === 1)
    return (
      <span className={`${look} btn`} title={data.current.reason}>
        {current}
      </span>
    );
  return (
    <select
      className={`${look} btn`}
      aria-label="Environment"
      title={environment === undefined ? data.current.reason : undefined}
      value={current}
      onChange={({ target }) =>
        setEnvironment(target.value === data.current.environment && environment === undefined ? undefined : target.value)
      }
    >
      {names.map((name) => (
        <option key={name}>{name}</option>
      ))}
    </select>
  );
}
