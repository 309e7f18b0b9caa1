// How an asset stands besides its status: the share of its checks that passed, and when a schedule builds it next.
import type { ReactNode } from "react";
import type { DescribeAnswer } from "../../../../src/model/answers.ts";
import { useRead } from "../../data/read.ts";
import { Link } from "../../kit/link.tsx";
import { Time } from "../../kit/values.tsx";
import { links } from "../../links.ts";

type Described = DescribeAnswer["asset"];

/** As the page of quality counts it: of the checks that were carried out. */
export function Score({ described: { asset, checks } }: { readonly described: Described }): ReactNode {
  const known = checks.filter(({ status }) => status !== null);
  if (known.length === 0) return null;
  const passed = known.filter(({ status }) => status === "passed").length;
  return (
    <Link
      className={passed === known.length ? "tag ok" : "tag fail"}
      to={links.asset(asset, "checks")}
      title={`${passed} of ${known.length} checks passed when they were carried out last`}
    >
      score {Math.floor((passed / known.length) * 100)}
    </Link>
  );
}

export function NextRun({ jobs }: Pick<Described, "jobs">): ReactNode {
  const triggers = useRead("triggers.list", { next: 1 }, { enabled: jobs.length > 0 });
  const [first] = (triggers.data?.triggers ?? [])
    .filter(({ job }) => jobs.includes(job))
    .flatMap(({ job, next }) => (next[0] === undefined ? [] : [{ job, at: next[0] }]))
    .toSorted((one, other) => (one.at < other.at ? -1 : 1));
  if (first === undefined) return null;
  return (
    <Link to={links.automations({ job: first.job })}>
      next <Time at={first.at} ago /> by <span className="mono">{first.job}</span>
    </Link>
  );
}
