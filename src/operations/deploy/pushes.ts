// Pushes to the repository, told by its host to a running engine: the branch's environment is brought to what the branch is by now, or put aside with it.
//   P1. The sender is answered when its wish is durable. P2. One branch at a time, in the process that holds the warehouse.
//   P3. What fails for now is tried again, a few times; what fails for good is told, and the next push, or the same one sent again, tries anew.
import { join } from "node:path";
import type { Clock } from "../../engine/clock.ts";
import { asMillraceError } from "../../model/errors.ts";
import { PROD } from "../../model/environment.ts";
import type { ServeProgress } from "../../model/progress.ts";
import type { WebhookAnswer, WebhookDelivery, WebhookRoute } from "../../model/webhook.ts";
import { environmentOf, safeEnvironmentName } from "../../project/environment.ts";
import { resolvePlaceholders } from "../../project/placeholders.ts";
import type { Holder } from "../serve/holder.ts";
import type { ServedProject } from "../serve/project-keeper.ts";
import type { Workspace } from "../workspace.ts";
import { branchMatcher, pushOf } from "./payload.ts";
import { tipOf } from "./remote.ts";
import { openWishes, type Wish } from "./wishes.ts";

export interface PushesOptions {
  readonly current: () => ServedProject;
  /** As `current`'s, with the engine's carrier. */
  readonly workspace: () => Promise<Workspace>;
  readonly environment: string;
  readonly clock: Clock;
  readonly holder: Pick<Holder, "held">;
  readonly signal: AbortSignal;
  readonly observe: (progress: ServeProgress) => void;
  readonly onProblem: (what: string) => (error: unknown) => void;
}

type Deployed = Extract<ServeProgress, { readonly type: "deployed" }>;

export interface Pushes {
  /** Undefined where the project takes no pushes there. */
  route(path: string): WebhookRoute | undefined;
  accept(delivery: WebhookDelivery): Promise<WebhookAnswer>;
  /** Goes on with what is waiting. */
  work(): void;
  idle(): Promise<void>;
}

const PATH = "/hooks/push";
/** A push of many commits names them all. */
const BODY_BYTES_MAX = 10_000_000;
const TRIES_MAX = 5;
const AGAIN_MS = 2_000;

export function createPushes(options: PushesOptions): Pushes {
  const { current, workspace, clock, holder, signal, observe, onProblem } = options;
  const wishes = openWishes(join(current().workspace.dir, ".millrace", "pushes.json"));
  const tries = new Map<string, number>();
  let working: Promise<void> | undefined;
  let routed: { readonly of: ServedProject; readonly route: WebhookRoute | undefined } | undefined;

  const route = (path: string): WebhookRoute | undefined => {
    if (routed?.of !== current()) routed = { of: current(), route: told(() => routeOf(current())) };
    return routed.route?.path === path ? routed.route : undefined;
  };
  const told = <Result>(make: () => Result): Result | undefined => {
    try {
      return make();
    } catch (error) {
      onProblem("deploy: in millrace.yaml")(error);
      return undefined;
    }
  };
  const work = (): void => {
    working ??= workThrough().finally(() => (working = undefined));
  };
  const workThrough = async (): Promise<void> => {
    for (let wish = wishes.waiting()[0]; wish !== undefined && !signal.aborted; wish = wishes.waiting()[0]) {
      try {
        await holder.held();
        const done = await carryOut(wish, await workspace(), options);
        observe(done);
        tries.delete(wish.branch);
        await wishes.end(wish, done.status === "failed" ? "failed" : "done");
      } catch (thrown) {
        if (signal.aborted) return; // the next engine goes on
        onProblem(`a push of ${wish.branch}`)(thrown);
        const error = asMillraceError(thrown);
        const tried = (tries.get(wish.branch) ?? 0) + 1;
        tries.set(wish.branch, tried);
        if (error.retryable && tried < TRIES_MAX) return void clock.after(AGAIN_MS * 2 ** tried, work);
        tries.delete(wish.branch);
        await wishes.end(wish, "failed").catch(onProblem(`a push of ${wish.branch}`));
      }
    }
  };
  return {
    route,
    work,
    async accept(delivery) {
      const push = pushOf(delivery);
      if (push === null) return skipped("it is no push of a branch");
      if (!branchMatcher(current().project.config.deploy?.branches ?? [])(push.branch))
        return skipped(`the branch ${push.branch} is none of those that are deployed`);
      const isNew = await wishes.add({ ...push, delivery: delivery.id, at: new Date(delivery.receivedAtMs).toISOString() });
      work();
      return { run: null, status: isNew ? "queued" : "duplicate", duplicate: !isNew };
    },
    idle: async () => working,
  };
}

/** @throws MR105x for a secret that is missing. */
function routeOf({ workspace, project }: ServedProject): WebhookRoute | undefined {
  const { deploy: settings } = project.config;
  if (settings === undefined) return undefined;
  const values = { env: process.env, secrets: workspace.secrets(), params: {} };
  const { secret } = resolvePlaceholders({ secret: settings.secret }, values, { onSecret: (each) => workspace.useSecret(each) });
  return { path: settings.path ?? PATH, job: "deploy", trigger: "push", signature: { kind: "push", secret }, bodyMaxBytes: BODY_BYTES_MAX };
}

async function carryOut({ branch }: Wish, workspace: Workspace, options: PushesOptions): Promise<Deployed> {
  const begunMs = performance.now();
  const seconds = (): number => (performance.now() - begunMs) / 1_000;
  const { deploy: settings } = await workspace.config();
  const ref = await tipOf(workspace, branch, settings?.remote);
  if (ref === null) {
    const environment = await dropOf(workspace, branch, options.environment);
    return { type: "deployed", branch, environment, commit: null, status: environment === null ? "kept" : "dropped", seconds: seconds() };
  }
  const { deploy } = await import("./deploy.ts");
  const { environment, commit, status } = await deploy(workspace, { ref, by: "push" }, () => {});
  return { type: "deployed", branch, environment, commit, status, seconds: seconds() };
}

/** The environment that went with its branch; null where it had none of its own, or the settings name it. */
async function dropOf(workspace: Workspace, branch: string, served: string): Promise<string | null> {
  const config = await workspace.config();
  const { name } = environmentOf(config, { branch });
  const named = Object.keys(config.environments ?? {}).filter((each) => each !== "*");
  if (name === PROD || name === served || named.some((each) => safeEnvironmentName(each) === name)) return null;
  const [{ readEnvironments }, { dropEnvironment }] = await Promise.all([
    import("../../sql/environments/ledger.ts"),
    import("../environments/environments.ts"),
  ]);
  const known = await (await workspace.commonWarehouse()).session(readEnvironments);
  if (!known.some((each) => each.environment === name && each.branch === branch)) return null;
  await dropEnvironment(workspace, name);
  return name;
}

function skipped(why: string): WebhookAnswer {
  return { run: null, status: "skipped", duplicate: false, why };
}
