// What each peer's script measures and prints: one workflow after the other, then fifty at once. Copied beside the peer's packages, so it imports nothing.
const SAMPLES = 60;
const AT_ONCE = 50;
const ROUNDS = 8;

/** `workflow`: starts one of three steps that do nothing, and resolves at its known end. */
export async function measure(workflow) {
  for (let warmUp = 0; warmUp < 30; warmUp++) await workflow();
  const singles = [];
  for (let sample = 0; sample < SAMPLES; sample++) singles.push(await timed(workflow));
  const rates = [];
  for (let round = 0; round < ROUNDS; round++) {
    const ms = await timed(() => Promise.all(Array.from({ length: AT_ONCE }, () => workflow())));
    rates.push((AT_ONCE / ms) * 1_000);
  }
  console.log(`\n${JSON.stringify({ medianMs: median(singles), perSecond: median(rates) })}`);
}

async function timed(work) {
  const before = performance.now();
  await work();
  return performance.now() - before;
}

function median(values) {
  return values.toSorted((a, b) => a - b)[values.length >> 1];
}
