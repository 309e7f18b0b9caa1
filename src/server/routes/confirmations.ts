// What an agent proposes and a person confirms. The person's yes is no route: it is a command in the project's folder.
import { z } from "zod";
import { act } from "../route.ts";

const proposed = z.record(z.string(), z.json()).describe("exactly what is asked for");

export const confirmationRoutes = [
  act({
    id: "confirmations.ask",
    summary: "Keeps what an agent proposes until a person confirms it with `millrace confirm`",
    scope: "operate",
    input: z.object({ what: z.array(z.string().max(2_000)).max(100).describe("in words, for the person"), act: proposed }),
    run: (app, input) => app.confirmationAsk(input),
  }),
  act({
    id: "confirmations.use",
    summary: "Takes the token that the person was given: good once, for exactly what was proposed",
    scope: "operate",
    input: z.object({ token: z.string().max(200), act: proposed }),
    run: async (app, input) => {
      await app.confirmationUse(input);
      return { used: true as const };
    },
  }),
] as const;
