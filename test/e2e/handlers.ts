/**
 * The handlers of every e2e site, as source: they run in executors, in the site's own directory,
 * and leave `NAME.trace` files behind for the tests to read.
 */

const TRACE = `import { appendFileSync, existsSync } from 'node:fs';
const trace = (file, line) => appendFileSync(file + '.trace', line + '\\n');
`;

export const HANDLERS: Readonly<Record<string, string>> = {
  /** Returns its payload. */
  echo: `export default { run: (payload) => payload };`,

  /** Writes its payload's name into order.trace. */
  note: `${TRACE}export default { run: ({ name }) => trace('order', name) };`,

  /** Emits two events and tells how far it is. */
  publish: `export default {
  run(payload, ctx) {
    ctx.log('half way');
    ctx.log.warn('careful');
    ctx.progress({ done: 1, total: 2, message: 'half' });
    ctx.emit({ type: 'datasetUpdate', id: 'd1', data: [{ rows: 3 }] });
    ctx.emit({ type: 'uploadFile', id: 'f1' });
    return { user: ctx.userId, attempt: ctx.attempt };
  },
};`,

  /** Fails until its attempt has the number in its payload. */
  flaky: `export default {
  retries: 2, backoff: '20ms',
  run({ until }, ctx) {
    if (ctx.attempt < until) throw new RangeError('attempt ' + ctx.attempt + ' broke');
    return ctx.attempt;
  },
};`,

  /** Runs until the file in its payload is there, or its signal is aborted. */
  gate: `${TRACE}export default {
  async run({ file }, ctx) {
    trace('gate', 'start ' + ctx.id + ' ' + ctx.attempt + ' ' + process.pid);
    while (!existsSync(file)) {
      if (ctx.signal.aborted) {
        trace('gate', 'aborted ' + ctx.id + ' ' + ctx.signal.reason.name);
        throw ctx.signal.reason;
      }
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    trace('gate', 'end ' + ctx.id + ' ' + ctx.attempt);
    return 'through';
  },
};`,

  /** As gate, but deaf to its signal. */
  deaf: `${TRACE}export default {
  async run({ file }, ctx) {
    trace('deaf', 'start ' + ctx.id + ' ' + ctx.attempt + ' ' + process.pid);
    while (!existsSync(file)) await new Promise((resolve) => setTimeout(resolve, 10));
    return 'through';
  },
};`,

  /** Kills its own process as the system would when memory runs out. */
  crash: `${TRACE}export default {
  run(payload, ctx) {
    trace('crash', 'start ' + ctx.id + ' ' + ctx.attempt);
    process.kill(process.pid, 'SIGKILL');
    return new Promise(() => {});
  },
};`,

  /** Has a Standard Schema: its payload needs a text called \`to\`. */
  strict: `export default {
  input: { '~standard': { version: 1, vendor: 'test', validate: (value) =>
    typeof value?.to === 'string' ? { value } : { issues: [{ message: 'expected text', path: ['to'] }] } } },
  run: ({ to }) => to,
};`,
};
