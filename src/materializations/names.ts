// Ways of building a model that this version carries out: known without what carries them out, which loads DuckDB.
export const materializationNames = ["view", "table", "incremental", "snapshot", "external"] as const;
