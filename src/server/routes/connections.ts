// Connections of the project: what they are, and whether the other side answers.
import { z } from "zod";
import { act, read } from "../route.ts";

export const connectionRoutes = [
  read({
    id: "connections.list",
    summary: "Connections of millrace.yaml without their secrets, who uses them, and the connectors there are",
    scope: "read",
    input: z.object({}),
    run: (app) => app.connections(),
  }),
  act({
    id: "connections.test",
    summary: "Asks the other side of a connection whether it answers",
    scope: "operate",
    input: z.object({ connection: z.string().min(1) }),
    run: (app, input) => app.connectionTest(input.connection),
  }),
] as const;
