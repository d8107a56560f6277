import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openWorkshop, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

describe('a module handler', () => {
  it('gets the payload and its context, and what it returns is the result', async () => {
    shop.handler(
      'echo.mjs',
      `export default { async run(payload, ctx) {
         return { payload, id: ctx.id, type: ctx.type, attempt: ctx.attempt, queue: ctx.queue,
                  userId: ctx.userId, createdAt: ctx.createdAt, aborted: ctx.signal.aborted };
       } };`,
    );
    await shop.start();
    shop.core.run({
      id: '7',
      attempt: 2,
      type: 'echo',
      payload: { a: [1] },
      queue: 'q',
      userId: 'u',
    });
    const outcome = await shop.core.outcome('7', 2);
    expect(outcome).toMatchObject({
      outcome: 'succeeded',
      result: {
        payload: { a: [1] },
        id: '7',
        type: 'echo',
        attempt: 2,
        queue: 'q',
        userId: 'u',
        createdAt: '2023-11-14T22:13:20.000Z',
        aborted: false,
      },
    });
    expect(outcome.durationMs).toBeGreaterThan(0);
    expect(Math.abs(Date.now() - outcome.startedAt)).toBeLessThan(60_000);
  });

  it('may be a plain function, and returning nothing gives null', async () => {
    shop.handler('noop.js', 'export default function () {}');
    await shop.start();
    shop.core.run({ id: '1', type: 'noop' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'succeeded', result: null });
  });

  it.each([
    ['a promise', 'async () => 7', { outcome: 'succeeded', result: 7 }],
    ['what has a `then` of its own', '() => ({ then: (done) => done(7) })', { result: 7 }],
    [
      'a function with a `then`',
      '() => Object.assign(() => {}, { then: (done) => done(7) })',
      { result: 7 },
    ],
    ['a `then` that is no function', '() => ({ then: 7 })', JSON.parse('{"result":{"then":7}}')],
    [
      'a `then` that throws when it is looked at',
      '() => ({ get then() { throw new TypeError("no"); } })',
      { outcome: 'error', error: { name: 'TypeError', message: 'no' } },
    ],
    ['nothing, but throws at once', '() => { throw new TypeError("no"); }', { outcome: 'error' }],
  ])('may return %s', async (_what, source, expected) => {
    shop.handler('returns.mjs', `export default ${source};`);
    await shop.start();
    shop.core.run({ type: 'returns' });
    expect(await shop.core.outcome('1')).toMatchObject(expected);
  });

  it('keeps `this`: run may use other members of its object', async () => {
    shop.handler('self.mjs', 'export default { factor: 3, run(n) { return n * this.factor; } };');
    await shop.start();
    shop.core.run({ id: '1', type: 'self', payload: 5 });
    expect(await shop.core.outcome('1')).toMatchObject({ result: 15 });
  });

  it('that throws ends as error with name, message, stack and the causes', async () => {
    shop.handler(
      'bad.mjs',
      `export default { run() { throw new RangeError('too far', { cause: new Error('the root') }); } };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'bad' });
    const { outcome, error, retryable } = await shop.core.outcome('1');
    expect({ outcome, retryable }).toEqual({ outcome: 'error', retryable: undefined });
    expect(error).toMatchObject({ name: 'RangeError', message: 'too far' });
    expect(error?.stack).toContain('bad.mjs');
    expect(error?.stack).toContain('Caused by: Error: the root');
  });

  it('decides with `retryable: false` on its error that no retry follows', async () => {
    shop.handler(
      'never.mjs',
      `export default { run() { throw Object.assign(new Error('no'), { retryable: false }); } };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'never' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'error', retryable: false });
  });

  it('that returns what is not JSON, or too much of it, ends as error', async () => {
    shop.handler('loop.mjs', 'export default () => { const a = {}; a.a = a; return a; };');
    shop.handler('big.mjs', `export default () => 'x'.repeat(1_048_576);`);
    shop.handler('fn.mjs', 'export default () => () => 1;');
    await shop.start();
    shop.core.run({ id: '1', type: 'loop' }, { id: '2', type: 'big' }, { id: '3', type: 'fn' });
    for (const id of ['1', '2', '3']) {
      const { outcome, error, retryable } = await shop.core.outcome(id);
      expect({ outcome, retryable, name: error?.name }).toEqual({
        outcome: 'error',
        retryable: false,
        name: 'ResultInvalid',
      });
      expect(error?.message).toMatch(/^result /);
    }
  });

  it('sends its log lines and last progress before its outcome', async () => {
    shop.handler(
      'talk.mjs',
      `export default { run(_, { log, progress }) {
         log('one'); log.warn('two'); log('three', 'error'); log('four\\nfive');
         for (let done = 0; done <= 100; done++) progress({ done, total: 100, message: 'at ' + done });
       } };`,
    );
    await shop.start();
    shop.core.run({ id: '1', type: 'talk' });
    await shop.core.outcome('1');
    expect(shop.core.lines('1')).toEqual([
      'info: one',
      'warn: two',
      'error: three',
      'info: four',
      'info: five',
    ]);
    const values = shop.core.all('progress').flatMap((message) => message.progress);
    // 101 calls in a moment: only the latest travels.
    expect(values).toEqual([
      { id: '1', attempt: 1, value: { fraction: 1, done: 100, total: 100, message: 'at 100' } },
    ]);
    const kinds = shop.core.received.map((message) => message.kind);
    expect(kinds.indexOf('ended')).toBe(kinds.length - 1);
  });

  it('publishes what it emitted only with success', async () => {
    shop.handler(
      'emit.mjs',
      `export default { run({ fail }, { emit }) {
         const data = [{ rows: 1 }];
         emit({ type: 'datasetUpdate', id: 'weather', data });
         data[0].rows = 2;
         emit({ type: 'invoicePaid', id: '5' });
         if (fail) throw new Error('no');
       } };`,
    );
    await shop.start();
    shop.core.run(
      { id: '1', type: 'emit', payload: {} },
      { id: '2', type: 'emit', payload: { fail: true } },
    );
    expect((await shop.core.outcome('1')).events).toEqual([
      { type: 'datasetUpdate', id: 'weather', data: [{ rows: 1 }] },
      { type: 'invoicePaid', id: '5', data: [] },
    ]);
    expect((await shop.core.outcome('2')).events).toBeUndefined();
  });

  it.each([
    ['an unknown type', `{ type: 'nope', id: '1' }`, /known event type/],
    ['a type of Taskbell itself', `{ type: 'job', id: '1' }`, /Taskbell alone/],
    ['no id', `{ type: 'datasetUpdate' }`, /1 to 256 bytes/],
    ['data that is no array', `{ type: 'datasetUpdate', id: '1', data: {} }`, /to be an array/],
    ['no object', `'datasetUpdate'`, /\{ type, id, data\? \}/],
  ])('hears clearly that it emitted %s', async (_title, event, message) => {
    shop.handler('emit.mjs', `export default { run(_, ctx) { ctx.emit(${event}); } };`);
    await shop.start();
    shop.core.run({ id: '1', type: 'emit' });
    const { error } = await shop.core.outcome('1');
    expect(error?.name).toBe('TypeError');
    expect(error?.message).toMatch(message);
  });

  it('of a type that this executor does not have is answered with an error', async () => {
    await shop.start();
    shop.core.run({ id: '1', type: '../../etc/passwd' });
    expect(await shop.core.outcome('1')).toMatchObject({
      outcome: 'error',
      error: { message: 'this executor has no handler for the type ../../etc/passwd' },
    });
  });

  it('runs beside others: a turn full of outcomes is one message', async () => {
    shop.handler('noop.js', 'export default () => 1;');
    await shop.start();
    const ids = Array.from({ length: 50 }, (_, index) => ({ id: String(index), type: 'noop' }));
    shop.core.run(...ids);
    await shop.core.outcome('49');
    expect(shop.core.outcomes()).toHaveLength(50);
    expect(shop.core.all('ended').length).toBeLessThanOrEqual(3);
  });
});

describe('a module handler with a schema', () => {
  const schema = `{ '~standard': { version: 1, vendor: 'test', validate: async (value) =>
      typeof value?.amount === 'number' ? { value: { amount: value.amount * 100 } }
        : { issues: [{ message: 'expected a number', path: ['amount', { key: 0 }] }, { message: 'odd' }] } } }`;

  beforeEach(() => {
    shop.handler('pay.mjs', `export default { input: ${schema}, run: (payload) => payload };`);
  });

  it('says so in its manifest, and answers what is wrong with a payload', async () => {
    await shop.start();
    const hello = await shop.core.hello();
    expect(hello.types).toEqual([{ name: 'pay', kind: 'module', schema: true, settings: {} }]);
    shop.core.send({ kind: 'validate', rid: 1, type: 'pay', payload: { amount: 'x' } });
    shop.core.send({ kind: 'validate', rid: 2, type: 'pay', payload: { amount: 1 } });
    await shop.core.until(() => shop.core.all('validated')[1], 'two answers');
    expect(shop.core.all('validated')).toEqual([
      { kind: 'validated', rid: 1, problem: 'amount.0: expected a number; odd' },
      { kind: 'validated', rid: 2, problem: null },
    ]);
  });

  it('runs with the output of the schema, and rejects for good what does not pass', async () => {
    await shop.start();
    shop.core.run(
      { id: '1', type: 'pay', payload: { amount: 2 } },
      { id: '2', type: 'pay', payload: {} },
    );
    expect(await shop.core.outcome('1')).toMatchObject({ result: { amount: 200 } });
    expect(await shop.core.outcome('2')).toMatchObject({
      outcome: 'rejected',
      retryable: false,
      error: { name: 'PayloadRejected', message: 'amount.0: expected a number; odd' },
    });
  });
});
