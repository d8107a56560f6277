/** `connections list`, `connections close` and `event topics` on the whole service. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { ConnectionView } from '../../src/protocol/gateways.ts';
import { Site } from './daemon.ts';
import { Subscriber } from './subscriber.ts';

const site = new Site(
  '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n',
);
beforeAll(async () => {
  await site.run(['init']);
  await site.up();
});
afterAll(() => site.dispose());

test('a client is listed with what it waits for, and is gone when it was closed', async () => {
  const ada = await Subscriber.connect(site, 'ada');
  await ada.ask('attach', 'issueUpdate', '7');
  const list = async (...args: readonly string[]): Promise<readonly ConnectionView[]> => {
    return (await site.json('connections', 'list', ...args)).connections;
  };
  const [found, ...others] = await list('--topic', 'issueUpdate/7');
  expect(found).toMatchObject({ user: 'ada', protocol: 'v1', subscriptions: 1 });
  expect(others).toEqual([]);
  expect((await site.json('event', 'topics', 'issueUpdate')).topics).toEqual([
    { type: 'issueUpdate', id: '7', subscribers: 1 },
  ]);
  // A gateway that is busy for longer than the status waits is left out of it.
  const status = async () => (await site.run(['status'])).stdout;
  await expect.poll(status, { timeout: 20_000 }).toMatch(/1 of \d+ connections, 1 subscriptions/);
  expect(await site.json('connections', 'close', found?.id ?? '')).toMatchObject({ closed: 1 });
  expect(await ada.closed).toBe(4403);
  await expect.poll(() => list('--user', 'ada'), { timeout: 20_000 }).toEqual([]);
  expect(await site.refusal(['connections', 'close', found?.id ?? ''])).toMatchObject({
    ...{ exitCode: 66, code: 'E_NOT_FOUND' },
  });
});
