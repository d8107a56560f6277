/** What the log knows for subscribers: the newest row of a topic, and the cursors of users. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EventLog, NewRow } from '../../src/log/event-log.ts';
import { NOW, settle, startOne } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

const row = (type: string, id: string): NewRow => ({ type, id, kind: 'event', data: '[]' });

describe.each(BOTH)('the log of the $name store', ({ open }) => {
  let stores: Stores;
  let log: EventLog;
  beforeEach(() => {
    stores = open();
    log = stores.log;
  });
  afterEach(() => stores.close());

  it('knows the newest row of a job', async () => {
    const job = await startOne(stores.jobs);
    await settle(stores.jobs, job, 'succeeded');
    const rows = await log.read({ after: '0', limit: 99, type: 'job', id: job.id });
    expect(rows.at(-1)?.data).toContain('succeeded');
    expect(await log.newest({ type: 'job', id: job.id })).toEqual(rows.at(-1));
    expect(await log.newest({ type: 'job', id: '999' })).toBeUndefined();
  });

  it('knows no newest row of a topic that was pruned', async () => {
    await log.append([row('a', '1'), row('a', '2')], NOW);
    await log.moveCursor('report', '2');
    await log.prune({ keep: 0, limit: 100 });
    expect(await log.newest({ type: 'a', id: '1' })).toBeUndefined();
  });

  it('finds cursors by how their names begin, the one that is furthest behind first', async () => {
    await log.append([row('a', '1'), row('a', '1'), row('a', '1')], NOW);
    await log.moveCursor('client:ada:phone', '3');
    await log.moveCursor('client:ada:desk', '1');
    await log.moveCursor('client:adam:phone', '2');
    expect(await log.cursors('client:ada:')).toEqual([
      { name: 'client:ada:desk', position: '1' },
      { name: 'client:ada:phone', position: '3' },
    ]);
    expect(await log.cursors('client:', 1)).toEqual([{ name: 'client:ada:desk', position: '1' }]);
    await log.removeCursor('client:ada:desk');
    expect((await log.cursors('client:')).map(({ name }) => name)).toEqual([
      'client:adam:phone',
      'client:ada:phone',
    ]);
    expect(await log.cursor('client:ada:desk')).toBe('0');
  });
});
