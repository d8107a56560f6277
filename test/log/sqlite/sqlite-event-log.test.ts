/** What only the log on SQLite can show: rows that are pruned, and a log that is opened again. */
import path from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { EventLog, NewRow } from '../../../src/log/event-log.ts';
import { skipAhead } from '../../../src/log/sqlite/log-position.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { brokenLinks, NOW, newJob, settle, startOne } from '../../contract/job-fixture.ts';
import { assemble, openSqliteStores, type SqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

const ROW: NewRow = { type: 'a', id: '1', kind: 'event', data: '[]' };
const FIVE = [ROW, ROW, ROW, ROW, ROW];

function fresh(): SqliteStores {
  const stores = openSqliteStores();
  onTestFinished(() => stores.close());
  return stores;
}

it('holds nothing but its top when every row was pruned', async () => {
  const { log } = fresh();
  await log.append(FIVE, 0);
  await log.moveCursor('report', '5');
  expect(await log.prune({ keep: 0, limit: 1 })).toBe(5);
  expect([log.oldest(), log.top()]).toEqual(['0', '5']);
  expect(['0', '4', '5', '6'].map((at) => log.holds(at))).toEqual([false, false, true, false]);
});

it('goes on numbering where it was, even when every row was pruned before it was opened again', async () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const first = assemble(openDatabase(file));
  await first.log.append(FIVE, 0);
  await first.log.moveCursor('report', '5');
  await first.log.prune({ keep: 0, limit: 1 });
  first.close();

  const again = assemble(openDatabase(file));
  onTestFinished(() => again.close());
  expect([again.log.epoch, again.log.top()]).toEqual([first.log.epoch, '5']);
  expect(await again.log.cursor('report')).toBe('5');
  expect(await again.log.append([ROW], 0)).toMatchObject([{ seq: '6', prev: null }]);
});

it('removes a segment as a whole, and the topics that had their newest row in it', async () => {
  const { db, log } = fresh();
  await log.append([ROW, { ...ROW, id: '2' }], 0);
  await log.append([ROW], 0);
  await log.moveCursor('report', '3');
  expect(await log.prune({ keep: 1, limit: 1 })).toBe(2);
  const topics = db.prepare('SELECT type, id, newest FROM log_topics').all();
  expect(topics).toEqual([{ type: 'a', id: '1', newest: 3 }]);
  expect(await log.read({ after: '0', limit: 9, type: 'a', id: '1' })).toHaveLength(1);
});

it('keeps a segment whose newest row a cursor has not passed', async () => {
  const { log } = fresh();
  await log.append(FIVE, 0);
  await log.moveCursor('report', '4');
  expect(await log.prune({ keep: 0, limit: 9 })).toBe(0);
});

it('goes on counting ends and rows where it was', async () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const end: NewRow = { type: 'job', id: '1', kind: 'end', data: '[]' };
  const first = assemble(openDatabase(file));
  await first.log.append([ROW, end], 0);
  first.close();

  const again = assemble(openDatabase(file));
  onTestFinished(() => again.close());
  await again.log.append([end, ROW], 0);
  await again.log.append([end], 0);
  const counts = ['0', '1', '2', '3', '4', '5'].map((after) => again.log.countEnds(after));
  expect(await Promise.all(counts)).toEqual([3, 3, 2, 1, 1, 0]);
  await again.log.moveCursor('report', '5');
  expect(await again.log.prune({ keep: 3, limit: 9 })).toBe(2);
  expect(await again.log.countEnds('0')).toBe(2);
});

it('gives the numbers of a rolled back group to the next one', async () => {
  const { log, loop } = fresh();
  const heard: string[] = [];
  log.onAppended((rows) => heard.push(...rows.map(({ seq }) => seq)));
  const group = Promise.allSettled([
    log.append([ROW, ROW], 0),
    loop.commit(() => {
      throw new RangeError('mine');
    }),
    log.append([ROW], 0),
  ]);
  await group;
  expect(log.top()).toBe('3');
  expect(heard).toEqual(['1', '2', '3']);
});

it('takes back what a topic was known to have last with a group that fails', async () => {
  const { log, loop } = fresh();
  await Promise.allSettled([
    log.append([ROW], 0),
    loop.commit(() => {
      throw new RangeError('mine');
    }),
  ]);
  const failing = loop.commit(() => {
    void log.append([ROW], 0);
    throw new RangeError('mine');
  });
  await expect(failing).rejects.toThrow('mine');
  expect(await log.append([{ ...ROW, id: '2' }, ROW], 0)).toMatchObject([
    { prev: null },
    { prev: '2' },
  ]);
});

it('shows a row without detail as an end of nobody', async () => {
  const { log } = fresh();
  await log.append([{ type: 'job', id: '1', kind: 'end', data: '[]' }], 0);
  expect(await log.readEnds('0', 1)).toMatchObject([{ detail: { userId: null, error: null } }]);
});

describe('the rows of a job', () => {
  const topic = (log: EventLog, id: string, after = '0', limit = 9) =>
    log.read({ type: 'job', id, after, limit });

  it('are found after its record is gone', async () => {
    const { db, jobs, log } = fresh();
    await jobs.add([newJob()], NOW);
    const job = await startOne(jobs);
    await settle(jobs, job, 'succeeded');
    const before = await topic(log, job.id);
    expect(before.map(({ kind }) => kind)).toEqual(['state', 'state', 'end']);
    db.exec('DELETE FROM jobs; DELETE FROM finished_jobs');
    expect(await topic(log, job.id)).toEqual(before);
    expect(await topic(log, job.id, before[0]?.seq, 1)).toEqual(before.slice(1, 2));
  });

  it('are none for what is no job', async () => {
    const { jobs, log } = fresh();
    await startOne(jobs);
    for (const id of ['2', '0', '-1', 'x', '1e0', '01', ''])
      expect(await topic(log, id)).toEqual([]);
  });

  it('are read without its neighbours, and a page from anywhere, when it has very many', async () => {
    const { jobs, log, loop } = fresh();
    const job = await startOne(jobs);
    const { seq } = (await topic(log, job.id)).at(-1) ?? {};
    for (let n = 0; n < 30; n += 1) {
      const work = Array.from({ length: 100 }, () =>
        jobs.recordProgress({ id: job.id, attempt: job.attempt }, { fraction: 1 }, NOW),
      );
      await Promise.all(work);
    }
    expect(loop.commits).toBeLessThan(40);
    const after = await topic(log, job.id, seq, 5_000);
    expect(after).toHaveLength(3_000);
    expect(brokenLinks(await topic(log, job.id, '0', 5_000))).toEqual([]);
    expect(await topic(log, job.id, after[2_989]?.seq, 5)).toEqual(after.slice(2_990, 2_995));
  });
});

describe('what a group costs', () => {
  it.each([
    [1, 1],
    [256, 1],
    [257, 2],
    [1_000, 4],
  ])('%i rows of jobs are %i segments', async (rows, segments) => {
    const { db, log } = fresh();
    await log.append(Array(rows).fill({ ...ROW, type: 'job' }), 0);
    expect(db.prepare('SELECT count(*) FROM log').pluck().get()).toBe(segments);
  });

  it('a segment has no more than a few big events', async () => {
    const { db, log } = fresh();
    const data = JSON.stringify(['x'.repeat(100_000)]);
    await log.append(Array(10).fill({ ...ROW, data }), 0);
    expect(db.prepare('SELECT count(*) FROM log').pluck().get()).toBe(5);
  });

  it('a topic is written once a group, however often it was published to', async () => {
    const { db, log } = fresh();
    await log.append(FIVE, 0);
    expect(db.prepare('SELECT newest FROM log_topics').pluck().all()).toEqual([5]);
  });

  it('a row that comes after the log was stored fails its group, and is not lost in silence', async () => {
    const { log, loop, writer } = fresh();
    loop.join({ beforeCommit: () => void writer.write(ROW, null, 0) });
    await expect(log.append([ROW], 0)).rejects.toThrow('join the writer last');
    expect(log.top()).toBe('0');
  });
});

describe('on a machine that was started anew', () => {
  const NEVER_GIVEN = 1_000_000;

  /** Opens the log of a file as the core does, in a run of the machine. */
  function opener() {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    return (bootId: string) => {
      const db = openDatabase(file);
      skipAhead(db, bootId);
      const stores = assemble(db);
      onTestFinished(() => stores.close());
      return stores;
    };
  }

  it('gives none of the numbers that rows may have had which are lost', async () => {
    const open = opener();
    const first = open('boot-1');
    expect(await first.log.append([ROW], 0)).toMatchObject([{ seq: '1' }]);
    first.close();
    const again = open('boot-1');
    expect(await again.log.append([ROW], 0)).toMatchObject([{ seq: '2', prev: '1' }]);
    again.close();
    const { log } = open('boot-2');
    expect(log.top()).toBe(String(NEVER_GIVEN + 2));
    expect(await log.append([ROW], 0)).toMatchObject([{ seq: String(NEVER_GIVEN + 3), prev: '2' }]);
    expect((await log.read({ after: '0', limit: 9 })).map(({ seq }) => Number(seq))).toEqual([
      ...[1, 2, NEVER_GIVEN + 3],
    ]);
    for (const type of ['a', undefined]) {
      expect(await log.read({ after: '1', limit: 9, type })).toHaveLength(2);
    }
  });

  it('holds the position of a reader that saw rows which are lost', async () => {
    const open = opener();
    const first = open('boot-1');
    await first.log.append(FIVE, 0);
    first.close();
    const { log } = open('boot-2');
    expect(['5', '9', String(NEVER_GIVEN + 5)].map((at) => log.holds(at))).toEqual(
      Array(3).fill(true),
    );
    expect(await log.read({ after: '9', limit: 9 })).toEqual([]);
    expect(await log.countEnds('9')).toBe(0);
  });

  it('leaps even when every row is lost, and at each start where a machine has no name', async () => {
    const open = opener();
    open('').close();
    expect(open('').log.top()).toBe(String(NEVER_GIVEN));
  });

  it('keeps count of the rows that are kept, not of the numbers', async () => {
    const open = opener();
    const first = open('boot-1');
    for (let n = 0; n < 3; n += 1) await first.log.append([ROW], 0);
    await first.log.moveCursor('report', '3');
    first.close();
    const { log } = open('boot-2');
    await log.append([ROW], 0);
    expect(await log.prune({ keep: 3, limit: 100 })).toBe(1);
    expect(log.oldest()).toBe('2');
  });
});
