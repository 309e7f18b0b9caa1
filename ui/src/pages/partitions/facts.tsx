// What is known of the cell under the pointer, once it rests there: rows, when it was built and how long that took, whether with the code of now, what it stands on that changed.
import { useEffect, useState, type ReactNode } from "react";
import { useRead } from "../../data/read.ts";
import { countWords, spanWords, Time } from "../../kit/values.tsx";

const REST_MS = 200;

interface FactsProps {
  readonly asset: string;
  readonly partition: string;
  readonly isThere: boolean;
}

export function Facts({ asset, partition, isThere }: FactsProps): ReactNode {
  const under = `${asset} ${partition}`;
  const [rested, setRested] = useState("");
  useEffect(() => {
    const timer = setTimeout(() => setRested(under), REST_MS);
    return () => clearTimeout(timer);
  }, [under]);
  const read = useRead("partitions.show", { asset, partition }, { enabled: isThere && rested === under, fresh: true });
  if (read.data === undefined || rested !== under) return null;
  const { rows, at, seconds, isCodeOfNow, why, inputs, last } = read.data;
  const changed = inputs.filter((input) => input.changed).map((input) => input.asset);
  return (
    <span className="second">
      {rows === null ? "" : ` · ${countWords(rows)} ${rows === 1 ? "row" : "rows"}`}
      {at === null ? null : (
        <>
          {" "}
          · built <Time at={at} ago />
        </>
      )}
      {seconds === null ? "" : ` in ${spanWords(seconds)}`}
      {isCodeOfNow === null ? "" : isCodeOfNow ? " · code of now" : " · older code"}
      {changed.length === 0 ? "" : ` · changed above: ${changed.join(", ")}`}
      {why === null || changed.length > 0 ? "" : ` · ${why}`}
      {last?.error == null ? "" : ` · ${last.error}`}
    </span>
  );
}
