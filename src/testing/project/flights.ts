// Attempts in flight that pass no real time: what one comes to is known when it starts, and happens when its time has come.
import type { AttemptContext, Flight, Flights } from "../../engine/flights.ts";
import type { MillraceError } from "../../model/errors.ts";
import type { Outcome } from "../../run/input.ts";
import type { Answer } from "./attempts.ts";
import type { Timeline } from "./timeline.ts";

export interface FlightsOptions {
  readonly timeline: Timeline;
  readonly contextOf: (node: string) => AttemptContext;
  readonly answer: (flight: Flight, context: AttemptContext) => Answer | Promise<Answer>;
  readonly onEnd: (flight: Flight, outcome: Outcome) => void;
}

interface OpenFlight extends Flight {
  aborted: boolean;
  cancel: () => void;
}

/** `stop` has reported every end before it returns. */
export function createSimulatedFlights({ timeline, contextOf, answer, onEnd }: FlightsOptions): Flights {
  const flights = new Map<string, OpenFlight>();
  const keyOf = ({ node, attempt }: Flight): string => `${node}#${attempt}`;
  const end = (flight: OpenFlight, outcome: Outcome): void => {
    if (flights.get(keyOf(flight)) !== flight) return;
    flight.cancel();
    flights.delete(keyOf(flight));
    onEnd(flight, outcome);
  };
  const land = (flight: OpenFlight, { afterMs, outcome }: Answer): void => {
    if (flight.aborted || !Number.isFinite(afterMs)) return;
    flight.cancel = timeline.after(afterMs, () => end(flight, outcome));
  };
  return {
    has: (flight) => flights.has(keyOf(flight)),
    current: () => [...flights.values()],
    logged: async () => {},
    begin({ node, attempt }) {
      const flight: OpenFlight = { node, attempt, aborted: false, cancel: () => {} };
      flights.set(keyOf(flight), flight);
      const said = answer(flight, contextOf(node));
      if (said instanceof Promise) timeline.await(said.then((later) => land(flight, later)));
      else land(flight, said);
    },
    abort(flight, reason: () => MillraceError) {
      const open = flights.get(keyOf(flight));
      if (open === undefined || open.aborted) return;
      open.aborted = true;
      open.cancel();
      const error = reason().toJSON();
      open.cancel = timeline.after(0, () => end(open, { kind: "failed", error }));
    },
    abortUnless(keep) {
      for (const [key, flight] of flights) {
        if (keep(flight)) continue;
        flight.aborted = true;
        flight.cancel();
        flights.delete(key);
      }
    },
    async stop() {
      for (const flight of flights.values()) end(flight, { kind: "interrupted" });
    },
  };
}
