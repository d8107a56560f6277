/** The latencies that noop.mjs noted in this process since it was last asked. */
export default () => globalThis.benchLatencies.splice(0);
