import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Daemon, Site, until } from './daemon.ts';

const site = new Site();
let daemon: Daemon;
beforeAll(async () => {
  daemon = await site.up();
});
afterAll(() => site.dispose());

const open = { name: 'slow', mode: 'open', paused: false };

test('a paused queue starts nothing while others go on, also after a restart, until it is resumed', async () => {
  expect(await site.json('queue', 'pause', 'slow')).toMatchObject({ name: 'slow', paused: true });
  const held = await site.api.add('note', { name: 'held' }, { queue: 'slow' });
  const other = await site.api.add('note', { name: 'other' });
  await site.api.wait(other.id);
  expect((await site.api.get(held.id)).state).toBe('queued');
  await daemon.stop();
  daemon = await site.up();
  await site.api.wait((await site.api.add('note', { name: 'later' })).id);
  expect(site.lines('order.trace')).toEqual(['other', 'later']);
  const { queues } = await site.json('queue', 'list');
  expect(queues.find(({ name }: { name: string }) => name === 'slow')).toMatchObject({
    name: 'slow',
    mode: 'paused',
    paused: true,
    jobs: { waiting: 0, scheduled: 0, queued: 1, running: 0, retrying: 0 },
  });
  expect(await site.json('queue', 'resume', 'slow')).toMatchObject(open);
  expect(await site.api.wait(held.id)).toMatchObject({ state: 'succeeded' });
});

test('what runs goes on when its queue is paused', async () => {
  const { id } = await site.api.add('gate', { file: 'pause.open' }, { queue: 'slow' });
  await until(() => site.lines('gate.trace').length === 1, 'it runs');
  await site.run(['queue', 'pause', 'slow']);
  site.write('pause.open', '');
  expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
});

test('a name that no queue can have is refused', async () => {
  expect(await site.refusal(['queue', 'pause', 'a b'])).toMatchObject({
    exitCode: 65,
    code: 'E_INVALID_REQUEST',
  });
});
