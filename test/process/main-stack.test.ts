import { spawn } from 'node:child_process';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { pathToFileURL } from 'node:url';

import { expect, it, onTestFinished } from 'vitest';

const room = pathToFileURL(path.resolve(import.meta.dirname, '../../dist/executor')).href;
const shared = pathToFileURL(path.resolve(import.meta.dirname, '../../dist/process')).href;

/** One attempt waits, another spins until the thread has read the stack of the main thread. */
function program(spin: string): string {
  return `
    import { writeSync } from 'node:fs';
    import { Worker } from 'node:worker_threads';
    import { attemptInStack } from '${room}/attempt-name.js';
    import { AttemptTable } from '${room}/attempt-table.js';
    import { namesBefore } from '${shared}/main-stack.js';
    import { createModuleHandler } from '${room}/module-handler.js';
    import { Outbox } from '${room}/outbox.js';
    const cell = new Int32Array(new SharedArrayBuffer(4));
    const spin = () => { Atomics.store(cell, 0, 1); while (Atomics.load(cell, 0) === 1); };
    const looker = \`
      const { parentPort, workerData: cell } = require('node:worker_threads');
      import('${shared}/main-stack.js').then(async ({ mainStack }) => {
        while (Atomics.load(cell, 0) === 0) await new Promise(setImmediate);
        const stack = await mainStack(10_000);
        Atomics.store(cell, 0, 2);
        parentPort.postMessage(stack);
        setInterval(() => {}, 1_000);
      });
    \`;
    const worker = new Worker(looker, { eval: true, workerData: cell, execArgv: [] });
    // Nothing is torn down: a thread that ends as soon as its session has may take Node with it.
    worker.on('message', (stack) => {
      writeSync(1, JSON.stringify(attemptInStack(stack)));
      process.kill(process.pid, 'SIGKILL');
    });
    const clock = { now: () => Date.now(), nowMono: () => performance.now() };
    const around = { clock, outbox: new Outbox(), eventTypes: new Set(), onStuck: () => {} };
    const table = new AttemptTable(around);
    namesBefore(() => table.showNames());
    const run = (id, attempt, handler) =>
      table.start(
        { id, attempt, type: 't', payload: null, queue: 'default', userId: null, group: null,
          createdAt: 0, timeoutMs: 0, failures: 0 },
        createModuleHandler('t', handler),
      );
    run('6', 1, () => new Promise(() => {}));
    run('7', 3, ${spin});
  `;
}

it.each([
  ['at once', 'spin'],
  ['after it has waited for something', 'async () => { await null; await null; spin(); }'],
])('the stack of a loop that a handler holds up %s names its attempt', async (_when, spin) => {
  const flags = ['--input-type=module', '-e', program(spin)];
  const child = spawn(process.execPath, flags, { stdio: ['ignore', 'pipe', 'inherit'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  expect(JSON.parse(await text(child.stdout))).toEqual({ id: '7', attempt: 3 });
});
