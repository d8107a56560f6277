import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { JobTypeSettings } from '../../src/config/settings.ts';
import { isAlive } from '../../src/process/process-identity.ts';
import type { ExecutorMessage } from '../../src/protocol/execute.ts';
import { openWorkshop, shellJob, type Workshop } from './workshop.ts';

const main = path.resolve(import.meta.dirname, '../../dist/main.js');

let shop: Workshop;
const children: ChildProcess[] = [];
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await shop.clear();
});

/** The real thing: what the supervisor starts, with its settings over the IPC channel. */
async function startProcess(jobs: readonly JobTypeSettings[] = []): Promise<ChildProcess> {
  const child = fork(main, ['__child', 'executor'], {
    stdio: ['ignore', 'ignore', 'ignore', 'ipc'],
  });
  children.push(child);
  const settings = shop.settings(jobs);
  const daemon = { ...settings.daemon, logLevel: 'error', logFormat: 'json' };
  child.send({
    kind: 'init',
    settings: { ...settings, daemon },
    role: 'executor',
    index: 0,
    run: 'test-run',
    mode: 'worker',
  });
  await shop.core.hello();
  return child;
}

async function exitOf(child: ChildProcess): Promise<number | null> {
  if (child.exitCode !== null) return child.exitCode;
  const [code] = (await once(child, 'exit')) as [number | null];
  return code;
}

function first<K extends ExecutorMessage['kind']>(kind: K) {
  return shop.core.until(() => shop.core.all(kind)[0], kind);
}

describe('an executor process', () => {
  it('loads modules with Node itself and says how to find a syntax error', async () => {
    shop.handler('good.mjs', `import os from 'node:os'; export default () => os.EOL;`);
    shop.handler('syntax.mjs', '\nexport default {');
    await startProcess();
    const { types } = await shop.core.hello();
    expect(types.map(({ name, problem }) => [name, problem])).toEqual([
      ['good', undefined],
      [
        'syntax',
        expect.stringMatching(
          /^syntax\.mjs: SyntaxError: Unexpected end of input \(node --check .*syntax\.mjs names the line\)$/,
        ),
      ],
    ]);
    shop.core.run({ id: '1', type: 'good' });
    expect(await shop.core.outcome('1')).toMatchObject({ result: '\n' });
  });

  it('ends when a handler leaves a rejection behind, after it told what had ended', async () => {
    shop.handler(
      'loose.mjs',
      `export default () => { Promise.reject(new Error('nobody listens')); return new Promise(() => {}); };`,
    );
    shop.handler('noop.mjs', 'export default () => 1;');
    const child = await startProcess();
    shop.core.run({ id: '1', type: 'noop' }, { id: '2', type: 'loose' });
    expect(await exitOf(child)).toBe(70);
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'succeeded' });
    expect(shop.core.outcomes()).toHaveLength(1);
    expect(shop.core.all('leaving')).toEqual([]);
  });

  it('takes its commands along when a handler ends the process', async () => {
    shop.handler('exit.mjs', 'export default () => process.exit(3);');
    const child = await startProcess([
      shellJob('deaf', `trap '' TERM; while :; do sleep 0.05; done`),
    ]);
    shop.core.run({ id: '1', type: 'deaf' });
    const { group } = await first('spawned');
    shop.core.run({ id: '2', type: 'exit' });
    expect(await exitOf(child)).toBe(3);
    await gone(group);
  });

  it('ends with 70 after it named a handler that ignores its signal', async () => {
    shop.handler('deaf.mjs', 'export default () => new Promise(() => {});');
    const child = await startProcess();
    shop.core.run({ id: '1', type: 'deaf', timeoutMs: 1 });
    expect(await exitOf(child)).toBe(70);
    expect((await first('stuck')).fences).toEqual([{ id: '1', attempt: 1, outcome: 'timeout' }]);
  });

  it('is gone within 5 s after its supervisor, with every command', async () => {
    shop.handler('deaf.mjs', 'export default () => new Promise(() => {});');
    const child = await startProcess([
      shellJob('deaf-sh', `trap '' TERM; while :; do sleep 0.05; done`),
    ]);
    shop.core.run({ id: '1', type: 'deaf' }, { id: '2', type: 'deaf-sh' });
    const { group } = await first('spawned');
    const beganMono = performance.now();
    child.disconnect();
    await exitOf(child);
    expect(performance.now() - beganMono).toBeLessThan(5_000);
    await gone(group);
    await first('leaving');
    expect(shop.core.outcomes().map(({ id, outcome }) => [id, outcome])).toEqual([
      ['2', 'interrupted'],
    ]);
  });
});

async function gone(group: { readonly pid: number; readonly startTime: string }): Promise<void> {
  await expect.poll(() => isAlive(group), { timeout: 2_000, interval: 20 }).toBe(false);
}
