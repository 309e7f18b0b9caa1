// `millrace/testing`: the simulation of a project on virtual time, and the suites that every check, executor and store must pass. The suites run under
// vitest.
export { type CheckCase, type CompileEntry, testCheck } from "./testing/check.suite.ts";
export { type ConnectorCase, type SuiteRow, testConnector } from "./testing/connector.suite.ts";
export { executorSuite } from "./testing/executor.suite.ts";
export type { Definitions } from "./testing/project/definitions.ts";
export type { SimulatedNode, SimulatedRun, SimulatedSkip, Simulation } from "./testing/project/result.ts";
export { simulate, type SimulationRequest } from "./testing/project/simulate.ts";
export type {
  ApprovalDecision,
  AskedApproval,
  AskedAttempt,
  AskedSensor,
  AttemptAnswer,
  Outage,
  Span,
  Time,
  World,
} from "./testing/project/world.ts";
export { storeSuite } from "./testing/store.suite.ts";
