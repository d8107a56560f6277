/** A change of many jobs that is asked for step by step, against a real core. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { connect } from '../../src/client/client.ts';
import type { BulkAnswer } from '../../src/protocol/bulk.ts';
import { AwakeCore } from './awake-core.ts';

const JOBS = 3_000;
const MAIL = { type: 'mail' };

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start();
  core.knowType('mail');
  for (let n = 0; n < JOBS; n += 1_000) {
    await core.post(
      '/v1/jobs',
      Array.from({ length: 1_000 }, () => MAIL),
    );
  }
});
afterEach(() => core.dispose());

async function step(cursor: string | null | undefined): Promise<BulkAnswer> {
  const from = cursor === undefined ? {} : { cursor };
  const { status, body } = await core.post('/v1/jobs/purge', { filter: MAIL, forMs: 1, ...from });
  expect(status).toBe(200);
  return body;
}

it('goes on where the step before came to, takes each job once, and says when all is done', async () => {
  const steps: BulkAnswer[] = [];
  for (let cursor: string | null | undefined; cursor !== null; ) {
    const done = await step(cursor);
    steps.push(done);
    cursor = done.next ?? null;
  }
  expect(steps.length).toBeGreaterThan(1);
  expect(steps.reduce((sum, { changed }) => sum + changed, 0)).toBe(JOBS);
  expect(steps.every(({ failed }) => failed === 0)).toBe(true);
});

it('is what the client library does for whom wants to hear how far it is', async () => {
  const daemon = connect({ socket: core.socketPath });
  const told: number[] = [];
  const answer = await daemon.bulk.cancel(MAIL, {
    onProgress: ({ changed }) => told.push(changed),
  });
  await daemon.close();
  expect(answer).toEqual({ matched: JOBS, changed: JOBS, failed: 0, failures: [] });
  expect(told.at(-1)).toBe(JOBS);
});

it('is refused with a step of no length', async () => {
  const { status, body } = await core.post('/v1/jobs/purge', { filter: MAIL, forMs: 0 });
  expect([status, body.code]).toEqual([400, 'E_INVALID_REQUEST']);
});
