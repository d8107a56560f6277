/**
 * Types that take their executors down: what is still handed out of them and of the others, on a real database
 * and a clock of the test's own.
 */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ExecutorNews } from '../../src/core/executor-news.ts';
import { NO_LIMITS } from '../../src/queue/limits.ts';
import { DispatchStand, type Started } from './dispatch-stand.ts';

let stand: DispatchStand;
beforeEach(() => {
  stand = new DispatchStand({ queue: () => NO_LIMITS, type: () => NO_LIMITS });
});
afterEach(() => {
  expect(stand.failures).toEqual([]);
  stand.close();
});

function degrade(type: string): void {
  for (let n = 0; n < 3; n += 1) stand.guard.noteDeath(new Map([[type, ['7', '8']]]));
}

function running(type: string): readonly Started[] {
  return stand.running.filter((one) => one.type === type);
}

function returned(type: string) {
  const end = { queue: 'default', state: 'succeeded', hasFailed: false, durationMs: 1 } as const;
  stand.guard.noteEnds([{ ...end, type, hasReturned: true }]);
}

it('nothing of a degraded type is handed out, and all of the others', async () => {
  degrade('mail');
  stand.addExecutor(10);
  await stand.add({ type: 'mail' }, 20);
  await stand.add({ type: 'mail', group: 'acme' }, 5);
  await stand.add({ type: 'scan' }, 40);
  for (let n = 0; n < 4; n += 1) {
    expect(running('scan')).toHaveLength(10);
    await stand.end(running('scan'), 'succeeded');
  }
  expect(stand.started.filter(({ type }) => type === 'mail')).toEqual([]);
  expect(await stand.stores.jobs.totals()).toMatchObject({ queued: 25, succeeded: 40 });
});

it('one attempt is tried when its time has come, and the next when that one ended without a verdict', async () => {
  degrade('mail');
  const [one, two] = [stand.addExecutor(4), stand.addExecutor(4)];
  await stand.add({ type: 'mail' }, 6);
  await stand.add({ type: 'mail', group: 'acme' }, 3);
  await stand.add({ type: 'scan' }, 5);
  const [at] = stand.expected;
  expect(at).toBe(stand.now + 30_000);
  await stand.wait(29_999);
  expect(running('mail')).toHaveLength(0);
  await stand.wait(1);
  expect(running('mail')).toHaveLength(1);
  expect(running('scan')).toHaveLength(5);
  // Where there was less to lose.
  expect(one.inFlight.size + two.inFlight.size).toBe(6);
  await stand.wait(60_000);
  expect(running('mail')).toHaveLength(1);
  await stand.end(running('mail'), 'interrupted');
  expect(running('mail')).toHaveLength(1);
});

it('a try that dies puts the next one off, and one that comes back opens the type', async () => {
  degrade('mail');
  stand.addExecutor(10);
  await stand.add({ type: 'mail' }, 12);
  await stand.wait(30_000);
  const [tried] = running('mail');
  if (tried === undefined) throw new Error('nothing was tried');
  stand.guard.noteDeath(new Map([['mail', ['7']]]));
  await stand.end([tried], 'interrupted');
  expect(running('mail')).toHaveLength(0);
  await stand.wait(59_999);
  expect(running('mail')).toHaveLength(0);
  await stand.wait(1);
  expect(running('mail')).toHaveLength(1);
  await stand.end(running('mail'), 'succeeded');
  returned('mail');
  await stand.settled();
  expect(stand.guard.views()).toEqual([]);
  expect(running('mail')).toHaveLength(10);
});

it('a job that has to run alone is tried in an executor that is kept free for it', async () => {
  await stand.add({ type: 'mail' });
  const only = stand.addExecutor(2);
  for (let n = 0; n < 2; n += 1) {
    stand.stores.loop.nudge();
    await stand.settled();
    await stand.end(running('mail'), 'crash');
  }
  // It was claimed alone meanwhile.
  await stand.end(running('mail'), 'interrupted');
  degrade('mail');
  await stand.end(running('mail'), 'interrupted');
  await stand.add({ type: 'scan' }, 6);
  expect(running('scan')).toHaveLength(2);
  await stand.wait(30_000);
  await stand.end(running('scan').slice(0, 1), 'succeeded');
  // Its neighbour still runs, and nothing new comes beside it.
  expect(stand.running.map(({ type }) => type)).toEqual(['scan']);
  await stand.end(running('scan'), 'succeeded');
  expect(stand.running).toMatchObject([{ id: '1', type: 'mail', executor: only }]);
  await stand.end(running('mail'), 'succeeded');
  returned('mail');
  await stand.settled();
  expect(running('scan')).toHaveLength(2);
});

it('a job of a paused queue is not tried', async () => {
  degrade('mail');
  stand.addExecutor(2);
  stand.lanes.setPaused('default', true);
  await stand.add({ type: 'mail' });
  await stand.wait(30_000);
  expect(stand.running).toEqual([]);
  stand.lanes.setPaused('default', false);
  await stand.wait(1);
  expect(stand.running).toHaveLength(1);
});

it('a try comes sooner when an executor was replaced, and not when one arrives after a death', async () => {
  const news = new ExecutorNews();
  stand.guard.follow(news);
  degrade('mail');
  const own = stand.addExecutor(2);
  await stand.add({ type: 'mail' }, 2);
  await stand.wait(30_000);
  const [tried] = running('mail');
  stand.guard.noteDeath(new Map([['mail', ['7']]]));
  if (tried) await stand.end([tried], 'interrupted');
  news.tell({ kind: 'arrived', executor: own });
  await stand.wait(30_000);
  expect(running('mail')).toHaveLength(0);
  own.predecessor = 7;
  news.tell({ kind: 'arrived', executor: own });
  await stand.settled();
  expect(running('mail')).toHaveLength(1);
});

it('what nobody adds to any more is forgotten', async () => {
  degrade('mail');
  stand.addExecutor(3);
  await stand.wait(30_000);
  await stand.add({ type: 'scan' });
  expect(stand.guard.views()).toHaveLength(1);
  await stand.wait(600_000);
  expect(stand.guard.views()).toEqual([]);
  await stand.add({ type: 'mail' }, 2);
  expect(running('mail')).toHaveLength(2);
});
