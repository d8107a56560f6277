/** Web hooks among the handlers of an executor: offered, run, and stopped like any other. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { receive } from './receiving-server.ts';
import { commandJob, openWorkshop, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

const hook = (name: string, port: number, more = {}) => ({
  ...commandJob(name, []),
  ...{ command: null, url: `http://127.0.0.1:${port}/`, allowPrivateHosts: ['127.0.0.1'] },
  ...more,
});

describe('a web hook', () => {
  it('is a type of its executor, and its answer is an outcome', async () => {
    const server = await receive((response) =>
      response.setHeader('content-type', 'application/json').end('{"ok":true}'),
    );
    await shop.start([hook('notify', server.port)]);
    expect((await shop.core.hello()).types).toEqual([
      { name: 'notify', kind: 'webhook', schema: false, settings: { timeoutMs: 30_000 } },
    ]);
    shop.core.run({ id: '5', type: 'notify', payload: { a: 1 } });
    expect(await shop.core.outcome('5')).toMatchObject({
      outcome: 'succeeded',
      result: { ok: true },
    });
    expect(JSON.parse(server.requests[0]?.body ?? '')).toMatchObject({
      id: '5',
      payload: { a: 1 },
    });
  });

  it('that asks for time gets it, and one that does not answer is timed out or cancelled', async () => {
    const busy = await receive((response) => response.writeHead(503, { 'retry-after': '9' }).end());
    const silent = await receive(() => undefined);
    await shop.start([hook('busy', busy.port), hook('silent', silent.port)]);
    shop.core.run({ id: '1', type: 'busy' }, { id: '2', type: 'silent', timeoutMs: 1 });
    shop.core.run({ id: '3', type: 'silent' });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'error', retryAfterMs: 9_000 });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'timeout' });
    await expect
      .poll(() => silent.requests.some(({ body }) => body.includes('"3"')), { timeout: 20_000 })
      .toBe(true);
    shop.core.send({ kind: 'cancel', id: '3', attempt: 1 });
    expect(await shop.core.outcome('3')).toMatchObject({ outcome: 'cancelled' });
  });

  it('with a secret that cannot be used, or a file of the same name, is named and not offered', async () => {
    shop.handler('twice.mjs', 'export default () => 1;');
    await shop.start([
      hook('unsigned', 1, { secretFile: '/no/such/secret' }),
      hook('twice', 1),
      hook('good', 1),
    ]);
    const { types } = await shop.core.hello();
    expect(Object.fromEntries(types.map(({ name, problem }) => [name, problem]))).toEqual({
      unsigned: expect.stringMatching(/^\[job:unsigned\] secretFile \/no\/such\/secret: ENOENT/),
      twice: 'twice.mjs: there is also a web hook in [job:twice]: keep one of the two',
      good: undefined,
    });
  });
});
