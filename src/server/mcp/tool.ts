// What a tool of an agent is: one of the twelve, made of reads and acts of the API, answered in few words.
import type { z } from "zod";
import type { Ask } from "../../client/ask.ts";

export interface ToolContext {
  readonly ask: Ask;
  /** Aborted when the agent gives up. */
  readonly signal: AbortSignal;
  /** Asks the person at the agent's side; null where the agent cannot, or for an agent that is alone. */
  readonly askPerson: ((question: string) => Promise<boolean>) | null;
}

export interface ToolAnswer {
  /** For the agent to read. */
  readonly text: string;
  /** The same for programs. */
  readonly data?: Readonly<Record<string, unknown>>;
}

export interface Tool<Input extends z.ZodObject = z.ZodObject> {
  readonly name: string;
  readonly title: string;
  /** When to use it, what it takes, what it answers: agents choose by this text. */
  readonly description: string;
  readonly input: Input;
  /** `reads`: as GET; `acts`: as POST; `decides`: an act that cannot be taken back, which a person confirms. */
  readonly does: "reads" | "acts" | "decides";
  run(input: z.output<Input>, context: ToolContext): Promise<ToolAnswer>;
}

export function tool<Input extends z.ZodObject>(made: Tool<Input>): Tool {
  return made;
}
