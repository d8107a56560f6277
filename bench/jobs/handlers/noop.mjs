/** Does nothing; of a payload that says when it was sent, notes how long it took to get here. */
globalThis.benchLatencies ??= [];

export default (payload) => {
  if (payload.sentMono !== undefined) {
    globalThis.benchLatencies.push(Number(process.hrtime.bigint()) / 1e6 - payload.sentMono);
  }
  return null;
};
