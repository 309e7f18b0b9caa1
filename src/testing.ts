// `millrace/testing`: the suites that every check, executor and store must pass, and the simulator of the control plane. The suites run under vitest.
export { type CheckCase, type CompileEntry, testCheck } from "./testing/check.suite.ts";
export { executorSuite } from "./testing/executor.suite.ts";
export { simulate } from "./testing/simulate.ts";
export { storeSuite } from "./testing/store.suite.ts";
