// Completion scripts for shells, made from the same list of commands as the help. They complete commands and options, not names of assets:
// a completion must answer in 100 ms and may not open the project.
import { MillraceError } from "../model/errors.ts";
import type { Command } from "./command.ts";

export function completionScript(shell: string, commands: readonly Command[]): string {
  const words = [...new Set(commands.map((command) => command.name.split(" ")[0]!))];
  const flags = (word: string): string[] => [
    ...new Set([
      ...commands
        .filter((command) => command.name.split(" ")[0] === word)
        .flatMap((command) => (command.options ?? []).map(([each]) => each.split(" ")[0]!)),
      "--json",
      "--select",
      "--help",
    ]),
  ];
  const below = (word: string): string[] =>
    commands.filter((command) => command.name.startsWith(`${word} `)).map((command) => command.name.split(" ")[1]!);
  switch (shell) {
    case "bash":
      return [
        "_millrace() {",
        '  local current="${COMP_WORDS[COMP_CWORD]}"',
        '  if [ "$COMP_CWORD" -eq 1 ]; then',
        `    COMPREPLY=($(compgen -W "${words.join(" ")}" -- "$current")); return`,
        "  fi",
        '  case "${COMP_WORDS[1]}" in',
        ...words.map((word) => `    ${word}) COMPREPLY=($(compgen -W "${[...below(word), ...flags(word)].join(" ")}" -- "$current"));;`),
        "  esac",
        "}",
        "complete -o default -F _millrace millrace",
      ].join("\n");
    case "zsh":
      return [
        "#compdef millrace",
        "_millrace() {",
        "  if (( CURRENT == 2 )); then",
        `    compadd ${words.join(" ")}; return`,
        "  fi",
        "  case $words[2] in",
        ...words.map((word) => `    ${word}) compadd -- ${[...below(word), ...flags(word)].join(" ")};;`),
        "  esac",
        "  _files",
        "}",
        "compdef _millrace millrace",
      ].join("\n");
    case "fish":
      return commands
        .map((command) => command.name.split(" "))
        .map(([word, sub]) =>
          sub === undefined
            ? `complete -c millrace -n __fish_use_subcommand -a ${word}`
            : `complete -c millrace -n '__fish_seen_subcommand_from ${word}' -a ${sub}`,
        )
        .join("\n");
    default:
      throw new MillraceError({ code: "MR7001", message: `no completion for the shell ${shell}`, hint: "bash, zsh or fish" });
  }
}
