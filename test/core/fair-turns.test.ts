/** Groups take turns: who waits behind whom, and for how long. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { rules } from '../contract/job-fixture.ts';
import { DispatchStand } from './dispatch-stand.ts';

const MANY = 5_000;

let stand: DispatchStand;
beforeEach(() => {
  stand = new DispatchStand(rules());
});
afterEach(() => stand.close());

const groups = () => stand.started.map(({ group }) => group);

async function endFirst(count = 1): Promise<void> {
  await stand.end(stand.running.slice(0, count), 'succeeded');
}

it('a single job starts with the next free slot, however many another group has queued', async () => {
  stand.addExecutor(4);
  await stand.add({ group: 'big' }, MANY);
  await stand.add({ group: 'small' });
  expect(groups()).toEqual(Array(4).fill('big'));
  await endFirst();
  expect(groups().slice(4)).toEqual(['small']);
});

it('groups share the slots evenly, whoever came first, and whatever their priority', async () => {
  stand.addExecutor(3);
  stand.addExecutor(3);
  await stand.add({ group: 'big', priority: 9 }, MANY);
  for (const group of ['b', 'c', null]) await stand.add({ group }, 50);
  const before = stand.started.length;
  for (let n = 0; n < 20; n += 1) await endFirst(2);
  const got = groups().slice(before);
  const shares = ['big', 'b', 'c', null].map((one) => got.filter((group) => group === one).length);
  expect(shares).toEqual([10, 10, 10, 10]);
});

it('a group that adds one job after the other does not keep the rest from running', async () => {
  stand.addExecutor(1);
  await stand.add({ group: 'big' }, 20);
  for (let n = 0; n < 10; n += 1) {
    await stand.add({ group: 'eager' });
    await endFirst();
  }
  const eager = groups().filter((group) => group === 'eager').length;
  expect(eager).toBe(5);
});

it('hundreds of groups all get a first job before the slots were filled three times', async () => {
  stand.addExecutor(100);
  stand.addExecutor(100);
  const names = Array.from({ length: 400 }, (_, index) => `g${index}`);
  for (const group of names) await stand.add({ group }, 2);
  while (stand.running.length > 0) await endFirst(200);
  expect(stand.started).toHaveLength(800);
  const firsts = new Set(groups().slice(0, 600));
  expect(firsts.size).toBe(400);
});

it('without groups the order is that of priority and age, over all queues and types', async () => {
  await stand.add({ queue: 'a', type: 'mail', priority: 1 }, 2);
  await stand.add({ queue: 'b', type: 'scan', priority: 5 }, 2);
  await stand.add({ queue: 'b', type: 'mail', priority: 1 }, 2);
  stand.addExecutor(1);
  stand.stores.loop.nudge();
  await stand.settled();
  while (stand.running.length > 0) await endFirst();
  expect(stand.started.map(({ id }) => id)).toEqual(['3', '4', '1', '2', '5', '6']);
});

it('a party that turns out to have nothing does not use up the slot of the next', async () => {
  stand.addExecutor(1);
  for (const group of ['a', 'b', 'c', 'd']) await stand.add({ group });
  for (const id of ['2', '3']) await stand.stores.jobs.cancel(id, stand.now);
  await endFirst();
  expect(groups()).toEqual(['a', 'd']);
});

it('a party that turns out to be held does not either', async () => {
  stand.close();
  stand = new DispatchStand(rules({ queue: { default: { groupConcurrency: 1 } } }));
  stand.addExecutor(3, ['mail']);
  const scanner = stand.addExecutor(0, ['scan']);
  for (const group of ['a', 'b', 'c']) await stand.add({ group });
  for (const group of ['a', 'b', 'c', 'd']) await stand.add({ group, type: 'scan' });
  scanner.slots = 1;
  stand.stores.loop.nudge();
  await stand.settled();
  expect(groups()).toEqual(['a', 'b', 'c', 'd']);
});

it('a suspect that waits for an idle executor causes no claims meanwhile, and starts then', async () => {
  stand.addExecutor(2);
  await stand.add({});
  for (let n = 0; n < 2; n += 1) await stand.end(stand.running, 'crash');
  await stand.end(stand.running, 'interrupted');
  expect(stand.running).toHaveLength(1);
  const [suspect] = stand.running;
  await stand.add({}, 2);
  expect(stand.running).toEqual([suspect]);
  stand.addExecutor(2);
  await stand.add({ priority: 9 });
  if (suspect) await stand.end([suspect], 'interrupted');
  // It never becomes quiet while claims follow one another.
  await stand.settled();
  while (stand.running.length > 0) await endFirst();
  const { succeeded } = await stand.stores.jobs.totals();
  expect(succeeded).toBe(4);
});

it('no job is lost to a claim that was made while others were added', async () => {
  stand.addExecutor(2);
  await Promise.all(['a', 'b', 'a', null, 'c', 'a'].map((group) => stand.add({ group }, 3)));
  while (stand.running.length > 0) await endFirst(2);
  expect(new Set(stand.started.map(({ id }) => id)).size).toBe(18);
});
