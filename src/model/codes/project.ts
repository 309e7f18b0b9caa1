// Error codes of reading a project (MR10xx): title, why it happens, what to do. `millrace explain CODE` prints them.
import type { CodeEntry } from "./entry.ts";

export const projectCodes = {
  MR1001: {
    title: "The project has errors",
    why: "More than one error was found while the project was read. All of them are told in one go; nothing was run.",
    fix: "Correct each place that is shown. `millrace explain CODE` says more about each code.",
  },
  MR1002: {
    title: "There is no project here",
    why: "Neither this folder nor one above it has a millrace.yaml or a millrace.config.ts.",
    fix: "Change to the folder of your project, name it with --project DIR, or make one with `millrace init`.",
  },
  MR1003: {
    title: "A file of the project cannot be read",
    why: "The file or folder is missing, a symbolic link leads nowhere, or this user may not read it.",
    fix: "Look at the path and its permissions.",
  },
  MR1004: {
    title: "A file of the project is not UTF-8 text",
    why: "Files of a project are UTF-8. This one holds other bytes: UTF-16, Latin-1, a binary file with a wrong name, or a NUL byte.",
    fix: "Save the file as UTF-8 in your editor, or move it out of the project's folders.",
  },
  MR1006: {
    title: "A folder stands where a file is expected, or the other way round",
    why: "Definitions are files; sources, models, exports, jobs, checks, tests and pipelines are folders.",
    fix: "Rename the folder or the file that is shown.",
  },
  MR1007: {
    title: "A file of the project is too large",
    why: "Definitions are read as a whole and are small. This one is probably data.",
    fix: "Keep data outside the project's folders of definitions, for example in data/.",
  },
  MR1008: {
    title: "The project is set up twice",
    why: "Both millrace.yaml and millrace.config.ts are there, so it is not clear which one counts.",
    fix: "Keep one of them.",
  },
  MR1010: {
    title: "The YAML cannot be parsed",
    why: "The text is not well-formed YAML at the place that is shown.",
    fix: "Check indentation (spaces), brackets and quotes there. A value with `: ` or ` #` in it, or one that begins with one of @ ` % & * ! | > [ {, wants quotes.",
  },
  MR1011: {
    title: "A key stands twice",
    why: "The same key stands twice in one YAML mapping, so one of the two values would be lost in silence.",
    fix: "Remove or rename one of them.",
  },
  MR1012: {
    title: "The YAML grows without bound",
    why: "Aliases (`*name`) are repeated or nested so often that the value they stand for is enormous, or an alias contains itself.",
    fix: "Write the values out, or use fewer aliases.",
  },
  MR1013: {
    title: "Several YAML documents in one file",
    why: "A line `---` starts a second document. One file defines one thing, so the rest would be ignored in silence.",
    fix: "Split the file, or remove the line `---`.",
  },
  MR1014: {
    title: "A tab is used to indent YAML",
    why: "YAML allows only spaces for indentation.",
    fix: "Replace the tabs by spaces.",
  },
  MR1015: {
    title: "A definition is empty",
    why: "The file has no content besides comments.",
    fix: "Write the definition, or delete the file.",
  },
  MR1016: {
    title: "The front matter is not closed",
    why: "A SQL file begins with `/*---` but no `---*/` follows.",
    fix: "Put `---*/` behind the last line of the front matter.",
  },
  MR1017: {
    title: "A SQL file has no query",
    why: "Nothing but comments stands behind the front matter.",
    fix: "Write the query, or delete the file.",
  },
  MR1020: {
    title: "An unknown key",
    why: "No format of Millrace has this key at this place. It is never ignored, since a misspelt key would change what is done.",
    fix: "Use the suggested key. `millrace schema KIND` prints every key, for your editor too.",
  },
  MR1021: {
    title: "A value of the wrong type",
    why: "The key takes another kind of value than the one that stands there.",
    fix: "Write a value of the kind that is named.",
  },
  MR1022: {
    title: "A key is missing",
    why: "The definition is not complete without it.",
    fix: "Add the key.",
  },
  MR1023: {
    title: "A value that is not allowed",
    why: "The value has the right type but is none of the accepted ones, or outside its limits.",
    fix: "Use one of the values that are named.",
  },
  MR1030: {
    title: "Two definitions of one name",
    why: "An asset, task or job is named by its file or its `name:`; two of them ended up with the same name. Letter case makes no difference, as in DuckDB.",
    fix: "Rename one of them. Both places are shown.",
  },
  MR1031: {
    title: "A name that cannot be used",
    why: "A part of an asset's name becomes a schema or table: letters, digits and underscores, not beginning with a digit, at most 63 characters. Schemas beginning with `_millrace` and those of DuckDB itself (information_schema, pg_catalog, temp, system) are taken.",
    fix: "Rename the file, or set `name: schema.name`.",
  },
  MR1032: {
    title: "A file that is in the wrong folder or has the wrong ending",
    why: "It looks like a definition, but files of this kind are not read from this folder.",
    fix: "Move or rename it. This is a warning: nothing is stopped by it.",
  },
  MR1040: {
    title: "An unknown connector",
    why: "The key under `from:`, `to:` or a connection names no connector.",
    fix: "Use one of the connectors that are listed.",
  },
  MR1041: {
    title: "Not exactly one connector",
    why: "`from:`, `to:` and each connection have exactly one key: the name of the connector.",
    fix: "Keep one of the keys.",
  },
  MR1042: {
    title: "An unknown connection",
    why: "`connection:` names something that does not stand under `connections` in millrace.yaml, or a connection of another connector.",
    fix: "Add the connection to millrace.yaml or correct the name.",
  },
  MR1043: {
    title: "An unknown check",
    why: "Each entry of `checks:` has one key that names the kind of check.",
    fix: "Use one of the checks that are listed, or `rule:` or `query:` for a rule of your own.",
  },
  MR1044: {
    title: "An asset that is not in the project",
    why: "A definition names an asset that no file defines.",
    fix: "Correct the name, or add the asset.",
  },
  MR1045: {
    title: "sources/registry.csv cannot be understood",
    why: "A row has more cells than the header, a quote is not closed, or a header is empty or stands twice.",
    fix: "Correct the row that is shown. Lists inside a cell are separated by `;`.",
  },
  MR1046: {
    title: "Something that this version cannot do yet",
    why: "The format knows this setting, but this version of Millrace does not carry it out.",
    fix: "Remove the setting, or use a version that has it (see CHANGELOG.md).",
  },
  MR1047: {
    title: "Two exports write one file",
    why: "The later one would replace what the earlier one wrote, in each run.",
    fix: "Give one of them another path, or take it out.",
  },
  MR1048: {
    title: "An expression cannot be understood",
    why: "`when:`, `repeat.until` or `wait.condition` is no expression of the Common Expression Language, or names something that is not there.",
    fix: 'Names are params, outputs.TASK, status.TASK (or status["schema.asset"]), item, run, partition: `params.region == "north" && outputs.train.accuracy > 0.9`.',
  },
  MR1049: {
    title: "A task of a job cannot be placed",
    why: "`after` or `before` names the task itself, a group that is also a task, or tasks that wait for each other in a circle; or the task has the name of one that defineTask made.",
    fix: "Correct the name that the message shows. `task: NAME` refers to a task of defineTask.",
  },
  MR1050: {
    title: "An environment variable is missing",
    why: "`${env:NAME}` stands in a definition and NAME is not set.",
    fix: "Set the variable where Millrace is started.",
  },
  MR1051: {
    title: "A secret is missing",
    why: "`${secret:NAME}` stands in a definition; neither the environment variable NAME nor a line NAME=… in secrets.env has it.",
    fix: "Set the variable, or add it to secrets.env beside millrace.yaml (and keep that file out of git).",
  },
  MR1052: {
    title: "A parameter is missing",
    why: "`${param:name}` stands in a definition and the run was given no such parameter.",
    fix: "Give it with --param name=value, or a default under `params:` of the job.",
  },
  MR1053: {
    title: "A placeholder that is not understood",
    why: "Placeholders are `${env:NAME}`, `${secret:NAME}` and `${param:name}`. `$${` writes a plain `${`.",
    fix: "Correct the placeholder that is shown.",
  },
  MR1054: {
    title: "secrets.env cannot be understood",
    why: "Each line is NAME=value, a comment, or blank; values may stand in quotes.",
    fix: "Correct the line that is shown.",
  },
  MR1055: {
    title: "There is no such pool",
    why: "`pool:` names something that does not stand under `pools` in millrace.yaml, or a pool there has a name that it cannot have.",
    fix: "Correct the name, or add the pool: `pools: { county_api: { slots: 4, rate: 10/s } }`.",
  },
  MR1056: {
    title: "A weight is larger than its pool",
    why: "An attempt counts in the pool for more than the pool holds: it could never start.",
    fix: "Lower the weight, or give the pool more slots (or a larger burst).",
  },
  MR1060: {
    title: "A TypeScript module cannot be parsed",
    why: "The module in pipelines/ (or millrace.config.ts) is not valid TypeScript.",
    fix: "Correct the place that is shown.",
  },
  MR1061: {
    title: "A TypeScript module failed while it was loaded",
    why: "The code at the top of the module threw, or something that it imports is not there.",
    fix: "Look at the cause. Keep work out of the top level of modules: they are loaded by every command.",
  },
  MR1062: {
    title: "A definition made in TypeScript is not complete",
    why: "An object made by a define… function has a key that is unknown, missing or of the wrong type.",
    fix: "Correct the key that is named; your editor shows the types.",
  },
  MR1070: {
    title: "The folder is not empty",
    why: "`millrace init` writes a new project and does not touch what is there.",
    fix: "Choose another folder, or say --yes: files that exist are then kept as they are.",
  },
  MR1071: {
    title: "An unknown template",
    why: "`millrace init` has the templates that are listed.",
    fix: "Use one of them.",
  },
  MR1072: {
    title: "A project cannot be written",
    why: "A file or folder could not be made: no permission, a read-only or full disk, or a file where a folder is needed.",
    fix: "Look at the cause, then try again.",
  },
  MR1080: {
    title: "A name of an environment that cannot be used",
    why: "A name of an environment needs at least one letter or digit.",
    fix: "Use another name, for example the name of a git branch.",
  },
} as const satisfies Record<string, CodeEntry>;
