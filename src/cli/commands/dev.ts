// `millrace dev`: the engine with its page while the project is worked on. Each saved file is compiled at once; keys do what is done most.
import type { App } from "../../app.ts";
import type { MillraceError } from "../../model/errors.ts";
import { type Command, type CommandContext, text } from "../command.ts";
import { renderError } from "../frame.ts";
import type { Output } from "../output.ts";
import { planLines, planSummary } from "../plan-text.ts";
import { createProgress, type Progress } from "../progress.ts";
import { printable } from "../table.ts";
import { count, plural, seconds } from "../words.ts";
import { createLogTail } from "./dev-logs.ts";
import { openInBrowser, watchKeys } from "./dev-keys.ts";
import { LEAVE_MS, portOf, tellServe } from "./serving.ts";

type DevProgress = Parameters<Parameters<App["dev"]>[1]>[0];

const NAMED_MAX = 4;
const ERRORS_MAX = 10;

export const dev: Command = {
  name: "dev",
  environment: "made",
  summary: "Serves the page, watches the project's files, tells what each change does",
  examples: ["millrace dev", "millrace dev --open", "millrace dev --port 0 --no-run"],
  options: [
    ["--port <port>", "port to listen on; 0 for any (default: 4400)"],
    ["--host <host>", "address to listen on; any but loopback wants a token in MILLRACE_TOKEN (default: 127.0.0.1)"],
    ["--open", "open the page in a browser"],
    ["--no-run", "do not run what is stale at the start"],
  ],
  stopsBySignal: true,
  async run(context, _args, options) {
    const { app, output, signal } = context;
    const token = process.env["MILLRACE_TOKEN"];
    const screen = createScreen(context, options["open"] === true);
    const stopKeys = output.mode === "tty" ? watchKeys(signal, (key) => screen.press(key)) : () => {};
    try {
      await (
        await app()
      ).dev(
        {
          host: text(options["host"]) ?? "127.0.0.1",
          port: portOf(options["port"]),
          token: token === undefined || token === "" ? null : token,
          run: options["run"] !== false,
          onActs: screen.onActs,
        },
        (progress) => screen.show(progress),
      );
    } finally {
      stopKeys();
      screen.close();
    }
    setTimeout(() => process.exit(), LEAVE_MS).unref();
  },
};

interface Screen {
  show(progress: DevProgress): void;
  press(key: string): void;
  readonly onActs: (act: (wanted: "run" | "plan") => void) => void;
  close(): void;
}

function createScreen({ app, output }: CommandContext, opens: boolean): Screen {
  let act: ((wanted: "run" | "plan") => void) | undefined;
  let progress: Progress | undefined;
  let link: string | undefined;
  const logs = createLogTail(app, output);
  const open = (): void => {
    if (link !== undefined && !openInBrowser(link)) output.note(`open ${link}`);
  };
  const toRun = (): Progress => (progress ??= createProgress(output));
  return {
    onActs: (taken) => {
      act = taken;
    },
    show(told) {
      if (output.mode === "json" && told.type !== "page") {
        if (told.type === "run") output.json(told.progress);
        else if (told.type === "ran") output.json(told.summary);
        else output.json(told);
        return;
      }
      switch (told.type) {
        case "serving":
          tellServe(told, output);
          return;
        case "page":
          link = told.link;
          tellServe(told, output);
          if (output.mode === "tty") output.note(KEYS);
          if (opens) open();
          return;
        case "run":
          toRun().observe(told.progress);
          if (told.progress.type === "run") logs.begun(told.progress.run);
          return;
        case "ran":
          toRun().finish(told.summary);
          progress?.close();
          progress = undefined;
          return;
        case "checked":
          tellCheck(told, output);
          return;
        case "planned":
          output.note(planLines(told.plan, output.colors).join("\n"));
          output.note(planSummary(told.plan));
          return;
        case "refused":
        case "broken":
          progress?.close();
          progress = undefined;
          tellErrors(told.errors, output);
          if (told.type === "broken") output.note(`${output.symbol("waiting")} waits for a file to be saved`);
          return;
        case "reloaded":
          return; // what was read again is told by the check
        case "runStarted":
          if (progress === undefined || logs.isOn()) tellServe(told, output);
          logs.begun(told.run);
          return;
        case "runFinished":
          if (progress === undefined || logs.isOn()) tellServe(told, output);
          return;
        default:
          tellServe(told, output);
      }
    },
    press(key) {
      if (key === "o") open();
      else if (key === "r") act?.("run");
      else if (key === "p") act?.("plan");
      else if (key === "l") logs.toggle();
      else if (key === "c") process.stderr.write("\u001b[2J\u001b[3J\u001b[H");
      else if (key === "h") output.note(HELP);
      else if (key === "q") process.kill(process.pid, "SIGINT");
    },
    close: () => progress?.close(),
  };
}

const KEYS = "o open  r run stale  p plan  l logs  c clear  h help  q quit";
const HELP = [
  "  o  open the page          r  run what is stale       p  show the plan",
  "  l  logs of runs           c  clear the screen        q  quit (Ctrl-C)",
  "  a saved file is compiled at once; its errors and what it changes are told here and on the page",
].join("\n");

/** One line that a change did, its errors as everywhere. */
function tellCheck({ check, errors }: Extract<DevProgress, { readonly type: "checked" }>, output: Output): void {
  const { files, changes, stale, previews } = check;
  const clock = check.at.slice(11, 19);
  const named = files.length > NAMED_MAX ? plural(files.length, "file") : files.map(printable).join(", ");
  if (errors.length > 0) {
    output.note(
      `${clock} ${output.symbol("failed")} ${named === "" ? "the project" : named}: ${plural(errors.length, "error")}  ${seconds(check.seconds)}`,
    );
    tellErrors(errors, output);
    return;
  }
  if (previews.length > 0) {
    for (const { asset, rows, added, removed, changed } of previews) {
      const differs = [`+${count(added)}`, `-${count(removed)}`, ...(changed === null ? [] : [`~${count(changed)}`])].join(" ");
      output.note(`         ${asset}: ${count(rows.before)} rows would be ${count(rows.after)} (${differs})`);
    }
    return;
  }
  const direct = changes.filter(({ isDirect }) => isDirect);
  const away = changes.length - direct.length;
  const what = [
    direct
      .slice(0, NAMED_MAX)
      .map(({ asset, change }) => `${asset} ${change === "nonBreaking" ? "non-breaking" : change}`)
      .join(", "),
    away === 0 ? "" : `${plural(away, "asset")} indirectly`,
    stale.length === 0 ? "nothing to build" : `${plural(stale.length, "asset")} stale`,
  ].filter((each) => each !== "");
  if (named === "" && stale.length === 0) return output.note(`${clock} ${output.symbol("ok")} nothing is stale`);
  output.note(
    `${clock} ${output.symbol(stale.length === 0 ? "ok" : "waiting")} ${named === "" ? "" : `${named}: `}${what.join("; ")}  ${seconds(check.seconds)}`,
  );
}

function tellErrors(errors: readonly MillraceError[], output: Output): void {
  for (const error of errors.slice(0, ERRORS_MAX)) output.warn(renderError(error, { colors: output.colors, mode: output.mode }));
  if (errors.length > ERRORS_MAX) output.warn(`… and ${errors.length - ERRORS_MAX} more`);
}
