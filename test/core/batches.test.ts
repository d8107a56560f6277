/** How many attempts are handed out at once. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rules } from '../contract/job-fixture.ts';
import { DispatchStand } from './dispatch-stand.ts';

let stand: DispatchStand;
beforeEach(() => {
  stand = new DispatchStand(rules());
});
afterEach(() => stand.close());

it('many slots are filled in two halves, so that one is worked on while the other is settled', async () => {
  stand.addExecutor(200);
  await stand.add({}, 500);
  expect(stand.batches).toEqual([100, 100]);
  await stand.end(stand.running.slice(0, 100), 'succeeded');
  expect(stand.batches).toEqual([100, 100, 100]);
});

it('few slots are filled at once', async () => {
  stand.addExecutor(32);
  await stand.add({}, 50);
  expect(stand.batches).toEqual([32]);
});

it('what becomes free together is handed out in halves again', async () => {
  stand.addExecutor(80);
  await stand.add({}, 200);
  await stand.end(stand.running, 'succeeded');
  expect(stand.batches).toEqual([40, 40, 40, 40]);
});
