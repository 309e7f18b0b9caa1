// Asks the places of `tables:` what tables they have and keeps it, before a project is read for work.
import type { ReadContext } from "../../load/connector.ts";
import { asMillraceError, MillraceError } from "../../model/errors.ts";
import { connectorSettings, type ProjectSpec } from "../../model/definitions/project.ts";
import { type CatalogueTable, type Place, placeKey, updateCatalogue } from "../../project/catalogue.ts";
import { type PlaceholderValues, resolvePlaceholders } from "../../project/placeholders.ts";
import type { AnyConnector } from "../parts.ts";

export interface CatalogueRequest {
  readonly dir: string;
  readonly config: ProjectSpec;
  readonly places: readonly Place[];
  /** Keys of places that are known already: when one of these does not answer, what is kept serves. */
  readonly known: ReadonlySet<string>;
  readonly values: PlaceholderValues;
  readonly connectors: Readonly<Record<string, AnyConnector>>;
  readonly context: Pick<ReadContext, "tempDir" | "signal" | "connection">;
  onSecret(this: void, secret: string): void;
}

/** What could not be asked: an error where nothing is known, a warning where what is kept serves. Everything else is in the catalogue afterwards. */
export async function askPlaces(
  request: CatalogueRequest,
): Promise<{ readonly errors: readonly MillraceError[]; readonly warnings: readonly MillraceError[] }> {
  const found = new Map<string, readonly CatalogueTable[]>();
  const errors: MillraceError[] = [];
  const warnings: MillraceError[] = [];
  const places = new Map(request.places.map((place) => [placeKey(place), place]));
  for (const [key, place] of places) {
    try {
      found.set(key, await tablesAt(place, request));
    } catch (error) {
      const told = asMillraceError(error, "MR4860");
      const isKnown = request.known.has(key);
      const message = `the tables could not be listed${isKnown ? " again; those known serve" : ""}: ${told.message}`;
      const hint = told.hint === undefined ? {} : { hint: told.hint };
      (isKnown ? warnings : errors).push(
        new MillraceError({ code: "MR4860", message, ...hint, location: place.location, retryable: told.retryable, cause: error }),
      );
    }
  }
  if (found.size > 0) updateCatalogue(request.dir, found);
  return { errors, warnings };
}

async function tablesAt(
  place: Place,
  { dir, config, values, connectors, context, onSecret }: CatalogueRequest,
): Promise<readonly CatalogueTable[]> {
  const connector = connectors[place.connector];
  if (connector?.discover === undefined) {
    throw new MillraceError({ code: "MR4860", message: `the connector ${place.connector} cannot tell its tables` });
  }
  const written = Object.fromEntries(Object.entries(place.options).filter(([key]) => key !== "tables"));
  const options = resolvePlaceholders(written, values, { onSecret });
  const named = typeof options["connection"] === "string" ? options["connection"] : undefined;
  const settings = named === undefined ? undefined : config.connections?.[named];
  const connections = settings === undefined ? {} : resolvePlaceholders({ [named!]: connectorSettings(settings) }, values, { onSecret });
  const discovered = await connector.discover(options, {
    ...context,
    projectDir: dir,
    since: undefined,
    connections,
    log: () => {},
  });
  return discovered.map(({ name, options: own, columns, primaryKey }) => ({
    name,
    options: { ...own },
    ...(columns === undefined ? {} : { columns: columns.map((column) => ({ name: column.name, type: column.type })) }),
    ...(primaryKey === undefined ? {} : { primaryKey: [...primaryKey] }),
  }));
}
