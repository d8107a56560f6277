/** Events that are only live, from a real core through a real gateway to clients of both versions. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { eventType } from '../config/event-type.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { GatewayFixture, tokenFor } from './gateway-fixture.ts';
import { connectV2 } from './v2-client.ts';

let core: AwakeCore;
let gateway: GatewayFixture;
beforeEach(async () => {
  core = await AwakeCore.start('[event:cursorMove]\ndelivery = volatile\n');
  gateway = new GatewayFixture();
  const events = [eventType('cursorMove', { delivery: 'volatile' })];
  await gateway.create({ controlSocket: core.socketPath, events }).start();
});
afterEach(async () => {
  await gateway.close();
  await core.dispose();
});

const auth = tokenFor('ada');

it('reach clients of v1 as any event, and clients of v2 without a place in the log', async () => {
  const v1 = await gateway.connect();
  await v1.attach(auth, 'cursorMove', 'board');
  await v1.attach(auth, 'issueUpdate', 'board');
  const v2 = await connectV2(gateway);
  const events = [
    { type: 'cursorMove', id: 'board' },
    { type: 'issueUpdate', id: 'board' },
  ];
  await v2.ask({ auth, action: 'attach', events });
  const { body } = await core.post('/v1/events', [
    { type: 'issueUpdate', id: 'board', data: [1] },
    { type: 'cursorMove', id: 'board', data: [2] },
    { type: 'issueUpdate', id: 'board', data: [3] },
  ]);
  const text = (n: number, type: string) => `{"type":"${type}","id":"board","data":[${n}]}`;
  expect([await v1.next(), await v1.next(), await v1.next()]).toEqual([
    text(1, 'issueUpdate'),
    text(2, 'cursorMove'),
    text(3, 'issueUpdate'),
  ]);
  expect(
    [await v2.next(), await v2.next(), await v2.next()].map((said) => JSON.parse(said)),
  ).toEqual(body.events);
  expect(Object.keys(body.events[1])).toEqual(['type', 'id', 'data', 'at']);
});
