// Unit tests of models: one per file of tests/, or several under `tests:` that share what stands beside them.
import { testFileSpec, type TestFileSpec, type TestSpec } from "../model/definitions/test.ts";
import { type DefinitionFile, readSpec, readYamlFile } from "./assets.ts";
import { type Document, type Path, valueAt } from "./document.ts";
import { nameOf } from "./extras.ts";
import { plainName } from "./names.ts";
import { claim, type ProjectTest, type Reader, tell } from "./reader.ts";

/** Keys whose entries are put together, entry by entry; of all others the test's own is taken. */
const MERGED = ["given", "params"] as const;
const NAME_CHARACTERS_MAX = 200;

/** Reads the tests of a file. */
export function readTests(reader: Reader, definition: DefinitionFile): readonly ProjectTest[] {
  const document = readYamlFile(reader, definition);
  if (document === undefined) return [];
  if (Array.isArray(document.value)) {
    tell(reader, "MR1021", "a file of tests is a mapping", document.locate([]), "put the list under `tests:`");
    return [];
  }
  const spec = readSpec(reader, testFileSpec, document);
  const name = nameOf(reader, document, definition.inner, "test");
  if (spec === undefined || name === undefined) return [];
  const { tests, ...shared } = spec;
  if (tests === undefined) return one(reader, document, { ...shared, name });
  return tests.flatMap((own, index) => {
    const path = ["tests", index];
    const full = `${name}/${own.name}`;
    const location = document.locate([...path, "name"]);
    if (own.name.length > NAME_CHARACTERS_MAX || own.name.trim() === "" || /\p{Cc}/u.test(own.name)) {
      tell(reader, "MR1031", `${JSON.stringify(own.name)} cannot be the name of a test`, location, "a short sentence in one line");
      return [];
    }
    const part: Document = { ...document, locate: (at, what) => locateIn(document, path, at, what) };
    if (!claim(reader, testId(full), part, ["name"], "test")) return [];
    const beside = Object.keys(shared.given ?? {}).filter((asset) => own.given?.[asset] === undefined);
    return one(reader, part, { ...merged(shared, own), name: full }, beside);
  });
}

/** The id under which a project knows the places of a test. */
export function testId(name: string): string {
  return `test:${plainName(name)}`;
}

function merged(shared: Omit<TestFileSpec, "tests">, own: NonNullable<TestFileSpec["tests"]>[number]): Omit<TestFileSpec, "tests"> {
  const parts = MERGED.flatMap((key) => {
    const both = { ...shared[key], ...own[key] };
    return Object.keys(both).length === 0 ? [] : [[key, both] as const];
  });
  // An error that is expected takes the place of rows that are, and the other way round.
  const { expect: _expect, expectError: _error, ...rest } = shared;
  const outcome = own.expect === undefined && own.expectError === undefined ? shared : rest;
  return { ...outcome, ...own, ...Object.fromEntries(parts) };
}

function one(
  reader: Reader,
  document: Document,
  spec: Omit<TestFileSpec, "tests"> & { readonly name: string },
  shared: readonly string[] = [],
): readonly ProjectTest[] {
  const { model, given } = spec;
  if (model === undefined) {
    tell(reader, "MR1022", "model is missing", document.locate([]), "the model that is tested: model: clean.sales");
    return [];
  }
  if (spec.expect === undefined && spec.expectError === undefined && spec.checks === undefined && spec.cte === undefined) {
    tell(reader, "MR1022", "expect is missing", document.locate([]), "rows, or [] for none; or expectError, checks or cte");
    return [];
  }
  if (spec.expectError !== undefined && spec.expect !== undefined) {
    tell(reader, "MR1023", "a test expects rows or an error, not both", document.locate(["expectError"], "key"));
    return [];
  }
  if (spec.start !== undefined && spec.end !== undefined && Date.parse(spec.end) <= Date.parse(spec.start))
    tell(reader, "MR1023", "end is not after start", document.locate(["end"]));
  for (const [at, asset] of Object.keys(given ?? {}).entries())
    if (Object.keys(given ?? {}).findIndex((other) => plainName(other) === plainName(asset)) < at)
      tell(reader, "MR1023", `${plainName(asset)} is given twice`, document.locate(["given", asset], "key"));
  const plain: TestSpec = {
    ...spec,
    model: plainName(model),
    ...(given === undefined ? {} : { given: Object.fromEntries(Object.entries(given).map(([asset, rows]) => [plainName(asset), rows])) }),
  };
  // Places are asked for by the names as they are kept; they stand as they were written.
  const written = new Map(Object.keys(given ?? {}).map((asset) => [plainName(asset), asset]));
  const located: Document = {
    ...document,
    locate: ([first, second, ...rest], what) => {
      const path = first === "given" && typeof second === "string" ? [first, written.get(second) ?? second, ...rest] : undefined;
      return document.locate(path ?? [first, second, ...rest].filter((part) => part !== undefined), what);
    },
  };
  reader.documents.set(testId(spec.name), located);
  return [{ name: spec.name, file: document.file, spec: plain, shared: shared.map(plainName) }];
}

/** A place in one of several tests, or beside them where it has that from there. */
function locateIn(document: Document, own: Path, path: Path, what?: "key" | "value"): ReturnType<Document["locate"]> {
  const isShared = path.length > 0 && valueAt(document.value, [...own, ...path.slice(0, 2)]) === undefined;
  const isThere = isShared && valueAt(document.value, path.slice(0, 2)) !== undefined;
  return document.locate(isThere ? path : [...own, ...path], what);
}
