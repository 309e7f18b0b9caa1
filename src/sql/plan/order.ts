// Which aggregates and windows give something else when the rows below them come in another order.
import { nodesOf, type PlanNode } from "./nodes.ts";
import { textOf } from "../syntax/tree.ts";

/** Aggregates that give the same in whatever order their rows come. All others are taken to depend on it. */
export const ORDERLESS_AGGREGATES = new Set(
  `approx_count_distinct avg bit_and bit_or bit_xor bool_and bool_or corr count count_if count_star countif covar_pop covar_samp entropy favg
   fsum histogram histogram_exact kahan_sum kurtosis kurtosis_pop mad max mean median min product quantile quantile_cont quantile_disc regr_avgx
   regr_avgy regr_count regr_intercept regr_r2 regr_slope regr_sxx regr_sxy regr_syy sem skewness stddev stddev_pop stddev_samp sum
   sum_no_overflow sumkahan var_pop var_samp variance`.split(/\s+/),
);
/** Window functions that give the same to rows that their order does not tell apart. */
const ORDERLESS_WINDOWS = new Set(["WINDOW_RANK", "WINDOW_RANK_DENSE", "WINDOW_PERCENT_RANK", "WINDOW_CUME_DIST"]);
/** Ends of a window frame that rows of equal order share. */
const SHARED_ENDS = /^UNBOUNDED_|_RANGE$|_GROUPS$/;

/** Of an aggregate or a window. An order of its own leaves ties open. */
export function dependsOnOrder(expression: PlanNode): boolean {
  const isOrderless = ORDERLESS_AGGREGATES.has(textOf(expression["name"])) && !isCollated(expression["return_type"]);
  if (expression["expression_class"] !== "BOUND_WINDOW") return !isOrderless;
  const { type, start, end } = expression;
  if (ORDERLESS_WINDOWS.has(textOf(type)) && nodesOf(expression["arg_orders"]).length === 0) return false;
  return !(type === "WINDOW_AGGREGATE" && isOrderless && [start, end].every((edge) => SHARED_ENDS.test(textOf(edge))));
}

/** Equal values of a collated text may read differently: which of them is given depends on the order. */
function isCollated(type: unknown): boolean {
  return JSON.stringify(type).includes('"collation"');
}
