// What must hold when a run has ended: every node has come to the end that its needs, its condition and the plan give it, and the status is right.
import { type Audit, fateOf, get, must, type NodeBook, standsOn, verdict } from "./audit-book.ts";

export function checkEnd(audit: Audit, status: string): void {
  const { books, takeOver } = audit;
  for (const book of books.values()) {
    must(book.final !== null, "R16", "the run ends before every node is settled");
    checkNode(audit, book);
    const { id, action, needs } = book.plan;
    const takeable =
      takeOver.has(id) &&
      action === "build" &&
      book.plan.compensates === undefined &&
      fateOf(books, book) === "starts" &&
      needs.every((need) => get(books, need).final === "reused" && get(books, need).attempts === 0);
    if (takeable) must(book.attempts === 0 && book.final === "reused", "R13", `${id} could be taken over and was carried out`);
  }
  checkUndos(audit);
  must(status === rightStatus(audit), "R16", `the run ends as ${status}, it was ${rightStatus(audit)}`);
}

function checkNode({ books }: Audit, book: NodeBook): void {
  const { id, needs, action, when = "succeeded" } = book.plan;
  if (action === "reuse") must(book.final === "reused", "R13", `${id} is to be reused and was ${book.final}`);
  if (book.final === "skipped" && book.because !== null) {
    const cause = get(books, book.because);
    must(
      ["failed", "canceled", "skipped"].includes(cause.final!) && standsOn(books, id, book.because),
      "R17",
      `${id} is skipped for its cause`,
    );
  }
  const verdicts = needs.map((need) => verdict(books, get(books, need)));
  const kept =
    (when === "succeeded" && verdicts.some((each) => each !== "good")) ||
    (when === "noneFailed" && verdicts.includes("bad")) ||
    (when === "failed" && needs.length > 0 && !verdicts.includes("bad"));
  if (kept)
    must(book.final === "skipped" || book.final === "canceled", "R17", `${id} must not run as its needs ended, and was ${book.final}`);
  if (["succeeded", "failed"].includes(book.final!) && book.attempts > 0) must(!kept, "R5", `${id} was carried out against its condition`);
}

/** Where the plan says so, what succeeded in a run that failed is undone, and only that. */
function checkUndos({ first, books, cancel, compensation, successes }: Audit): void {
  const bad = [...books.values()].some((book) => book.plan.compensates === undefined && ["failed", "canceled"].includes(book.final!));
  const wanted = first.plan.onFailure === "compensate" && bad && cancel?.cause !== "request" && successes.length > 0;
  if (cancel?.cause === "request") return;
  must((compensation !== null) === wanted, "R23", wanted ? "what succeeded is undone" : "nothing is undone without need");
  for (const book of books.values()) {
    if (book.plan.compensates === undefined || compensation?.includes(book.plan.id)) continue;
    must(book.attempts === 0, "R23", `${book.plan.id} undoes what needs no undoing`);
  }
}

function rightStatus({ first, books, cancel, compensation }: Audit): string {
  const all = [...books.values()];
  const kinds = all.map((book) => book.final);
  if (compensation !== null) return "failed";
  if (cancel !== null && kinds.includes("canceled")) return cancel.cause === "timeout" ? "failed" : "canceled";
  const bad = first.plan.nodes.map(({ id }) => id).filter((id) => ["failed", "canceled"].includes(get(books, id).final!));
  if (!kinds.includes("failed") && !kinds.includes("canceled")) return "succeeded";
  const apart = first.plan.nodes.some(({ id }) => get(books, id).final === "succeeded" && !bad.some((each) => standsOn(books, each, id)));
  return apart ? "partial" : "failed";
}
