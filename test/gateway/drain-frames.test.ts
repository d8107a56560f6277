/** What a drain costs a gateway, in frames: the core, the gateway and the job's way are real. */
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FollowPosition } from '../../src/client/follow-position.ts';
import { AwakeCore } from '../core/awake-core.ts';
import { ScriptedExecutor } from '../core/scripted-executor.ts';
import { GatewayFixture, tokenFor } from './gateway-fixture.ts';

const JOBS = 40;

let core: AwakeCore;
let gateway: GatewayFixture;
let executor: ScriptedExecutor;
beforeEach(async () => {
  core = await AwakeCore.start();
  core.knowType('mail');
  gateway = new GatewayFixture();
  await gateway.create({ controlSocket: core.socketPath }).start();
  executor = await ScriptedExecutor.start(core.socketPath, { slots: JOBS });
});
afterEach(async () => {
  await executor.dispose();
  await gateway.close();
  await core.dispose();
});

/** @returns the events that the core sent to the gateway meanwhile */
async function countDuringDrain(): Promise<number> {
  // Called for each event that comes, whether somebody wants it or not.
  const deliver = vi.spyOn(FollowPosition.prototype, 'deliver');
  await core.post(
    '/v1/jobs',
    Array.from({ length: JOBS }, () => ({ type: 'mail' })),
  );
  for (const attempt of await executor.runs(JOBS)) executor.end(attempt);
  await executor.until(() => executor.confirmed.length === JOBS, 'all confirmations');
  // What comes in order has come when this has.
  const client = await gateway.connect();
  await client.attach(tokenFor('ada'), 'notification');
  await core.post('/v1/events', { type: 'notification', id: 'ada', data: [] });
  expect(await client.next()).toBe('{"type":"notification","id":"ada","data":[]}');
  const count = deliver.mock.calls.length - 1;
  deliver.mockRestore();
  return count;
}

it('is none when nobody is attached to jobs', async () => {
  expect(await countDuringDrain()).toBe(0);
});

it('is each step of each job when somebody is attached to one', async () => {
  const client = await gateway.connect();
  await client.attach(tokenFor('ada'), 'job', 'none of these');
  expect(await countDuringDrain()).toBeGreaterThanOrEqual(2 * JOBS);
});
