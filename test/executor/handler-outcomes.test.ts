/** What a module handler can say about the end of its attempt and the pause before the next. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { cancel, ENDING, fail, retryAfter, snooze } from '../../src/client/define-job.ts';
import { createModuleHandler } from '../../src/executor/module-handler.ts';
import { endingOfThrown, readPause } from '../../src/executor/stated-ending.ts';
import { assignment } from './test-core.ts';
import { openWorkshop, type Workshop } from './workshop.ts';

const YEAR_MS = 365 * 86_400_000;

describe('what a thrown value makes of an attempt', () => {
  it('is what it states', () => {
    expect(endingOfThrown(retryAfter('5m', 'the disk is full'))).toMatchObject({
      kind: 'failed',
      retryable: true,
      retryAfterMs: 300_000,
      error: { name: 'RetryAfter', message: 'the disk is full' },
    });
    expect(endingOfThrown(snooze(1_500))).toEqual({ kind: 'snoozed', pauseMs: 1_500 });
    expect(endingOfThrown(fail('no such account'))).toMatchObject({
      kind: 'failed',
      retryable: false,
      error: { message: 'no such account' },
    });
    expect(endingOfThrown(cancel('not needed'))).toMatchObject({
      kind: 'cancelled',
      error: { name: 'Cancelled', message: 'not needed' },
    });
  });

  it('is known by the name of its mark, whichever copy of the package made it', () => {
    const foreign = { message: 'm', [Symbol.for('taskbell.ending')]: { kind: 'snooze', pause: 7 } };
    expect(endingOfThrown(foreign)).toEqual({ kind: 'snoozed', pauseMs: 7 });
  });

  it.each(['soon', -1, Number.NaN, '366d', YEAR_MS + 1, undefined, {}])(
    'is a failure that names the pause when that is %j',
    (pause) => {
      for (const make of [retryAfter, snooze]) {
        expect(endingOfThrown(make(pause as never))).toMatchObject({
          kind: 'failed',
          retryable: true,
          error: { name: 'TypeError', message: expect.stringMatching(/: expected .*, got /) },
        });
      }
    },
  );

  it('is a plain failure when the statement is unknown or cannot be read', () => {
    const unknown = Object.assign(new Error('m'), { [ENDING]: { kind: 'explode' } });
    const hostile = {
      get [ENDING](): never {
        throw new Error('no');
      },
    };
    for (const thrown of [unknown, hostile, null, undefined, 5, new Error('m')]) {
      const ending = endingOfThrown(thrown);
      expect(ending).toMatchObject({ kind: 'failed', retryable: true });
      expect(ending.retryAfterMs).toBeUndefined();
    }
  });

  it('may put a job off for a year and no longer', () => {
    expect(readPause('365d')).toEqual({ pauseMs: YEAR_MS });
    expect(readPause(0)).toEqual({ pauseMs: 0 });
    expect(readPause('365d')).not.toHaveProperty('problem');
    expect(readPause(YEAR_MS + 1)).toEqual({
      problem: `expected a duration of at most 365d, got ${YEAR_MS + 1}`,
    });
  });
});

describe('a module handler', () => {
  let shop: Workshop;
  beforeEach(async () => {
    shop = await openWorkshop();
  });
  afterEach(() => shop.clear());

  it('ends its attempt through its context, without an import', async () => {
    shop.handler(
      'say.mjs',
      `export default { run({ method, args }, ctx) { ctx[method](...args); return 'never'; } };`,
    );
    await shop.start();
    const said = [
      ['retryAfter', ['2s', 'busy']],
      ['snooze', ['1h']],
      ['fail', ['no such account']],
      ['cancel', []],
    ] as const;
    for (const [index, [method, args]] of said.entries()) {
      shop.core.run({ id: String(index), type: 'say', payload: { method, args: [...args] } });
    }
    expect(await shop.core.outcome('0')).toMatchObject({
      outcome: 'error',
      retryAfterMs: 2_000,
      error: { message: 'busy' },
    });
    const snoozed = await shop.core.outcome('1');
    expect(snoozed).toMatchObject({ outcome: 'snoozed', retryAfterMs: 3_600_000 });
    expect(snoozed.error).toBeUndefined();
    const failed = await shop.core.outcome('2');
    expect(failed).toMatchObject({ outcome: 'error', retryable: false });
    expect(failed.retryAfterMs).toBeUndefined();
    expect(await shop.core.outcome('3')).toMatchObject({
      outcome: 'cancelled',
      error: { message: 'the handler cancelled its job' },
    });
  });

  it('may take its context apart, and return an ending instead of throwing it', async () => {
    shop.handler('apart.mjs', `export default (_, { snooze }) => snooze('3s');`);
    shop.handler(
      'back.mjs',
      `export default () => Object.assign(new Error('later'),
         { [Symbol.for('taskbell.ending')]: { kind: 'retry', pause: 4000 } });`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'apart' }, { id: '2', type: 'back' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'snoozed', retryAfterMs: 3_000 });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'error', retryAfterMs: 4_000 });
  });

  it('learns its group and what it was added after', async () => {
    shop.handler('facts.mjs', 'export default (_, ctx) => [ctx.group, ctx.dependencies];');
    await shop.start();
    const dependencies = {
      ...{ total: 1, succeeded: 1, failed: 0, cancelled: 0 },
      results: [
        { id: '7', ref: 'a', type: 'part', state: 'succeeded', result: { rows: 3 }, error: null },
      ],
    } as const;
    shop.core.run({ id: '1', type: 'facts', group: 'tenant-1', dependencies });
    shop.core.run({ id: '2', type: 'facts' });
    expect((await shop.core.outcome('1')).result).toEqual(['tenant-1', dependencies]);
    expect((await shop.core.outcome('2')).result).toEqual([null, null]);
  });

  it('is asked for the pause by its backoff function: with the failures, this one included, and the error', async () => {
    shop.handler(
      'flaky.mjs',
      `export default {
         factor: 100,
         backoff(failures, error) { return failures * this.factor + error.extra; },
         run() { throw Object.assign(new Error('no'), { extra: 7 }); },
       };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'flaky', failures: 0 }, { id: '2', type: 'flaky', failures: 3 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'error', retryAfterMs: 107 });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'error', retryAfterMs: 407 });
  });

  it('is asked after a time-out too, with the reason of its signal', async () => {
    shop.handler(
      'slow.mjs',
      `export default {
         backoff: (_, error) => (error.name === 'Timeout' ? '9s' : '1s'),
         run: (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
       };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'slow', timeoutMs: 1 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'timeout', retryAfterMs: 9_000 });
  });

  it('is not asked when it failed for good, succeeded, or named the pause itself', async () => {
    shop.handler(
      'sure.mjs',
      `export default {
         backoff: () => '9s',
         run(how, ctx) { if (how === 'fail') ctx.fail('no'); if (how === 'retry') ctx.retryAfter('2s'); },
       };`,
    );
    await shop.start();
    for (const how of ['fail', 'retry', 'done']) {
      shop.core.run({ id: how, type: 'sure', payload: how });
    }
    expect((await shop.core.outcome('fail')).retryAfterMs).toBeUndefined();
    expect(await shop.core.outcome('retry')).toMatchObject({ retryAfterMs: 2_000 });
    expect((await shop.core.outcome('done')).retryAfterMs).toBeUndefined();
  });

  it.each([
    ['throws', `() => { throw new Error('oops'); }`, 'the function failed: oops'],
    ['returns no duration', `() => 'soon'`, 'expected a duration'],
    ['is asynchronous and rejects', `async () => { throw new Error('oops'); }`, 'got object'],
  ])('whose backoff function %s leaves the pause to the policy and says so', async (...given) => {
    const [, source, words] = given;
    shop.handler(
      'odd.mjs',
      `export default { backoff: ${source}, run() { throw new Error('no'); } };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'odd' });
    const outcome = await shop.core.outcome('1');
    expect(outcome).toMatchObject({ outcome: 'error', error: { message: 'no' } });
    expect(outcome.retryAfterMs).toBeUndefined();
    expect(shop.core.lines('1')).toEqual([expect.stringContaining(`warn: backoff: `)]);
    expect(shop.core.lines('1')[0]).toContain(words);
  });
});

describe('the settings of a handler', () => {
  const run = () => undefined;

  it('name the kind of its backoff and the bound of its groups', () => {
    const { manifest } = createModuleHandler('a', {
      ...{ run, backoff: '2s', backoffKind: 'linear', groupConcurrency: 3 },
    });
    expect(manifest.settings).toEqual({
      ...{ backoffMs: 2_000, backoffKind: 'linear', groupConcurrency: 3 },
    });
  });

  it('cannot be another kind, or no group at all', () => {
    expect(() => createModuleHandler('a', { run, backoffKind: 'quadratic' })).toThrow(
      'backoffKind: expected one of exponential, linear, fixed, got "quadratic"',
    );
    expect(() => createModuleHandler('a', { run, groupConcurrency: 0 })).toThrow(
      'groupConcurrency: expected a whole number of at least 1, got 0',
    );
  });

  it('hold no function: it stays in the executor', () => {
    const { manifest } = createModuleHandler('a', { run, backoff: () => 5 });
    expect(manifest.settings).toEqual({});
  });

  it.each([
    { backoff: 1_000, backoffKind: null },
    { backoff: null, backoffKind: 'fixed' as const },
  ])('yield to configuration, a function too: %j', async (section) => {
    const thrower = () => {
      throw new Error('no');
    };
    const exported = { run: thrower, backoff: () => 5 };
    const silent = createModuleHandler('a', exported, section);
    const asked = createModuleHandler('a', exported, { backoff: null, backoffKind: null });
    expect((await silent.run(bareRun())).retryAfterMs).toBeUndefined();
    expect((await asked.run(bareRun())).retryAfterMs).toBe(5);
  });
});

function bareRun() {
  const ignore = () => undefined;
  return {
    assignment: assignment({ type: 'a' }),
    signal: new AbortController().signal,
    sink: { progress: ignore, log: ignore, emit: ignore, spawned: ignore },
  };
}
