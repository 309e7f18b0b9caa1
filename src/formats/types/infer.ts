// From the forms of all cells of a column to its type. The order of preference, and why:
//   integers    BIGINT, beyond it HUGEINT, beyond that text: never a rounded number.
//   decimals    DECIMAL when at most 9 digits stand behind the point and 18 in all fit (sums of money stay exact, and it is as fast as DOUBLE);
//               else DOUBLE when every cell has at most 15 significant digits (then the text comes back); else DECIMAL up to 38 digits; else text.
//   moments     ISO forms only; day/month order only when some cell settles it and none contradicts.
import { FORM, type ColumnForms } from "./forms.ts";

const DECIMAL_SCALE_MAX = 9;
const DECIMAL_DIGITS_MAX = 18;
const DOUBLE_DIGITS_MAX = 15;
const WIDE_DECIMAL_DIGITS_MAX = 38;

export interface InferredType {
  /** DuckDB type. */
  readonly type: string;
  /** Type under which DuckDB's CSV reader takes the cell itself; VARCHAR when `pattern` converts it afterwards. */
  readonly read: string;
  /** A strptime pattern for dates whose order the column settled. */
  readonly pattern: string | null;
  readonly exactText: boolean;
  readonly why: string;
}

const TEXT: InferredType = { type: "VARCHAR", read: "VARCHAR", pattern: null, exactText: true, why: "" };

/** A column of text, with the sentence that says why. */
export function textType(why: string): InferredType {
  return { ...TEXT, why };
}

/** The type that keeps what stands in every cell seen so far. */
export function inferType(forms: ColumnForms, column: number): InferredType {
  const mask = forms.mask[column] ?? 0;
  const exactText = forms.inexact[column] === 0;
  const typed = (type: string, why: string, isExact = exactText): InferredType => ({
    type,
    read: type,
    pattern: null,
    exactText: isExact,
    why,
  });
  if (mask === 0) return textType("no values");
  if ((mask & FORM.text) !== 0) return textType(mask === FORM.text ? "text" : "some values have another form than the rest");
  switch (mask) {
    case FORM.integer:
      return forms.beyondBigint[column] === 0 ? typed("BIGINT", "every value is an integer") : typed("HUGEINT", "integers beyond 64 bits");
    case FORM.date:
      return typed("DATE", "every value is a date");
    case FORM.timestamp:
      return typed("TIMESTAMP", "every value is a timestamp");
    case FORM.date | FORM.timestamp:
      return typed("TIMESTAMP", "every value is a date or a timestamp", false);
    case FORM.instant:
      return typed("TIMESTAMPTZ", "every value is a timestamp with an offset", false);
    case FORM.time:
      return typed("TIME", "every value is a time of day");
    case FORM.boolean:
      return typed("BOOLEAN", "every value is true or false");
    case FORM.civilDate:
      return civilDate(forms, column);
    default:
      return (mask & ~(FORM.integer | FORM.decimal | FORM.scientific)) === 0
        ? number(forms, column, mask)
        : textType("values of several kinds");
  }
}

function number(forms: ColumnForms, column: number, mask: number): InferredType {
  const wholeDigits = forms.integerDigits[column] ?? 0;
  const scale = forms.scaleMax[column] ?? 0;
  const isExact = mask === FORM.decimal && forms.scaleMin[column] === scale && forms.inexact[column] === 0;
  const hasExponents = (mask & FORM.scientific) !== 0;
  if (!hasExponents && scale <= DECIMAL_SCALE_MAX && wholeDigits + scale <= DECIMAL_DIGITS_MAX)
    return numeric(`DECIMAL(18,${scale})`, isExact, `decimals with at most ${scale} digits after the point`);
  const digits = Math.max(forms.digits[column] ?? 0, (mask & FORM.integer) === 0 ? 0 : wholeDigits);
  if (digits <= DOUBLE_DIGITS_MAX) return numeric("DOUBLE", false, `numbers with at most ${digits} significant digits`);
  if (!hasExponents && wholeDigits + scale <= WIDE_DECIMAL_DIGITS_MAX)
    return numeric(`DECIMAL(38,${scale})`, isExact, `decimals with ${digits} significant digits`);
  return textType(`${digits} significant digits fit no numeric type`);
}

function civilDate(forms: ColumnForms, column: number): InferredType {
  const separator = forms.separator[column] ?? 255;
  const dayFirst = forms.dayFirst[column] === 1;
  const monthFirst = forms.monthFirst[column] === 1;
  if (separator === 255) return textType("dates written in several ways");
  if (dayFirst && monthFirst) return textType("dates with the day first and with the month first");
  const mark = String.fromCharCode(separator);
  if (!dayFirst && !monthFirst) return textType("dates whose order of day and month nothing settles");
  const pattern = (dayFirst ? ["%d", "%m", "%Y"] : ["%m", "%d", "%Y"]).join(mark);
  return { type: "DATE", read: "VARCHAR", pattern, exactText: false, why: `dates with the ${dayFirst ? "day" : "month"} first` };
}

function numeric(type: string, exactText: boolean, why: string): InferredType {
  return { type, read: type, pattern: null, exactText, why };
}
