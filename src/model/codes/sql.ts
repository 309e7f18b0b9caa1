// Error codes of this area: title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const sqlCodes = {
  MR2001: {
    title: "The SQL cannot be parsed",
    why: "DuckDB, which compiles every model, found words that do not form a query at the marked place.",
    fix: "Look just before the mark: a missing comma, parenthesis, quote or keyword. The SQL is DuckDB's dialect, without templates.",
  },
  MR2002: {
    title: "A table is not known",
    why: "The SQL reads a name that is no asset of this project. Dependencies come from the SQL itself, so every table must be a source, a model or an asset of pipelines/.",
    fix: "Write the asset as schema.name (`millrace ls` lists them), or add the source that brings it in.",
  },
  MR2003: {
    title: "A column is not known",
    why: "The SQL uses a column that none of the tables it reads has, after their own definitions were compiled.",
    fix: "Use one of the columns named in the hint, or add the column to the asset it should come from.",
  },
  MR2004: {
    title: "Assets depend on each other in a circle",
    why: "Following what each asset reads leads back to where it started, so nothing in the circle could be built first.",
    fix: "Break the circle at one of the named assets: move the shared part into an asset of its own that both read.",
  },
  MR2005: {
    title: "The SQL of a model is not a query",
    why: "A model is one query whose rows become the asset. Statements that write, change settings or describe (insert, create, copy, set, describe …) are not run from a model.",
    fix: "Keep only the select; how it is stored stands in the front matter (`materialize:`). For a side effect define a task.",
  },
  MR2006: {
    title: "The SQL of a model has several statements",
    why: "A model is exactly one query; which of several would become the asset is not defined.",
    fix: "Split it into one file per query, or join the steps with `with name as (…)`.",
  },
  MR2007: {
    title: "The SQL of a model is empty",
    why: "The file has no statement, only comments or nothing at all behind the front matter.",
    fix: "Write the query, or delete the file.",
  },
  MR2008: {
    title: "A function is not known",
    why: "DuckDB has no function of that name, or it belongs to an extension that is not loaded.",
    fix: 'Use the function that the hint names; see the list with `millrace query "select distinct function_name from duckdb_functions()"`.',
  },
  MR2009: {
    title: "A parameter is not known",
    why: "SQL may use $start, $end, $now, $partition and $param.NAME; positional parameters (? and $1) and other names are never bound.",
    fix: "Write a job's parameter as $param.NAME.",
  },
  MR2010: {
    title: "DuckDB refuses the SQL",
    why: "The query is well formed and its names exist, but it cannot be compiled: types that do not fit, a missing group by, an ambiguous name …",
    fix: "The message is DuckDB's own; the mark is the place it complains about.",
  },
  MR2011: {
    title: "PIVOT without a list of values",
    why: "The columns of such a query depend on the data, so neither a view nor a checked table can be made of it.",
    fix: "Name the values: `pivot t on status in ('open', 'paid') using sum(amount)`.",
  },
  MR2012: {
    title: "The SQL reads itself",
    why: "A model's query names the asset that it makes.",
    fix: "Read the asset that the rows come from. An incremental model gets its interval by $start and $end and need not read itself.",
  },
  MR2013: {
    title: "Two columns have one name",
    why: "A table needs names that are unique; DuckDB would rename the second in silence, and whatever reads it later would break.",
    fix: "Give one of them another name with `as`, or leave it out with `* exclude (…)`.",
  },
  MR2040: {
    title: "A file of macros holds something else",
    why: "Files in macros/ are split into their CREATE MACRO statements; each makes one function for all queries of the project, called by its name alone.",
    fix: "Write `create macro net(price) as price * 0.8`, or `create macro top(n) as table select …` for rows. Queries belong in models/.",
  },
  MR2041: {
    title: "Two functions have one name",
    why: "The project's macros and its functions from TypeScript share one set of names, and case does not count.",
    fix: "Rename one of them. Several lists of parameters stand in one statement: `create macro f(a) as a, (a, b) as a + b`.",
  },
  MR2042: {
    title: "A view calls a function written in TypeScript",
    why: "A view is computed by whoever reads it, and only Millrace's own processes have the project's TypeScript functions.",
    fix: "Write `materialize: table` in the model's front matter, so that the values are stored.",
  },
  MR2020: {
    title: "The selection matches nothing",
    why: "No asset or task of this project fits the selection. A selector that matches nothing is an error, so that a typing mistake is not taken for success.",
    fix: "`millrace ls` lists what there is; the hint names what is near.",
  },
  MR2021: {
    title: "The selection cannot be read",
    why: "It does not follow the selection grammar: names and globs, +name, name+2, tag: owner: kind: path: status:, and or not ( ).",
    fix: "Put quotes around the whole expression so that the shell leaves it alone, and compare it with the examples of `millrace run --help`.",
  },
} as const satisfies Record<string, CodeEntry>;
