/** What comes of attempts while they run: what they report, what they print, who runs them, who runs alone. */
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOG_LINES } from '../../src/queue/job-store.ts';
import { addOne, claiming, claimOne, MAIL, NOW, rowsOf, settle, startOne } from './job-fixture.ts';
import { BOTH, type Stores } from './stores.ts';

describe.each(BOTH)('an attempt in the $name store', ({ open }) => {
  let stores: Stores;
  let jobs: Stores['jobs'];

  beforeEach(() => {
    stores = open();
    jobs = stores.jobs;
  });

  afterEach(() => stores.close());

  describe('what a running attempt reports', () => {
    it('is kept as progress and told in the log, in the chain of the job', async () => {
      const job = await startOne(jobs);
      await jobs.recordProgress(job, { fraction: 0.5 }, NOW + 1_500);
      expect((await jobs.get(job.id))?.progress).toEqual({ fraction: 0.5 });
      await settle(jobs, job, 'succeeded');
      expect((await rowsOf(stores)).slice(2)).toMatchObject([
        {
          prev: '2',
          kind: 'state',
          at: NOW + 1_500,
          data: [{ state: 'running', progress: { fraction: 0.5 } }],
        },
        { prev: '3', kind: 'end' },
      ]);
    });

    it('is kept with the job that it ended, and forgotten when that is retried', async () => {
      const job = await startOne(jobs);
      await jobs.recordProgress(job, { message: 'half way' }, NOW);
      await settle(jobs, job, 'error', { retryable: false });
      expect((await jobs.get(job.id))?.progress).toEqual({ message: 'half way' });
      await jobs.retry(job.id, NOW);
      expect((await jobs.get(job.id))?.progress).toBeNull();
    });

    it('is forgotten when the attempt is over', async () => {
      const job = await startOne(jobs);
      await jobs.recordProgress(job, { fraction: 0.5 }, NOW);
      await jobs.recordGroup(job, { pid: 77, startTime: '5' });
      await settle(jobs, job, 'interrupted');
      expect((await jobs.get(job.id))?.progress).toBeNull();
      await claimOne(jobs);
      expect((await jobs.running())[0]?.group).toBeNull();
    });

    it('is ignored under an old fence', async () => {
      const job = await startOne(jobs);
      await settle(jobs, job, 'interrupted');
      await claimOne(jobs);
      const before = await rowsOf(stores);
      await jobs.recordProgress(job, { fraction: 0.9 }, NOW);
      await jobs.recordGroup(job, { pid: 77, startTime: '5' });
      expect((await jobs.running())[0]).toMatchObject({ attempt: 2, group: null });
      expect((await jobs.get(job.id))?.progress).toBeNull();
      expect(await rowsOf(stores)).toEqual(before);
    });

    it('is there for recovery: who runs it, since when, in which process group', async () => {
      const job = await startOne(jobs, { timeoutMs: 900 });
      await jobs.recordGroup(job, { pid: 77, startTime: '5' });
      expect(await jobs.running()).toEqual([
        {
          ...{ id: job.id, attempt: 1, ...MAIL, executor: 'e1', startedAt: NOW + 1_000 },
          ...{ timeoutMs: 900, cancelRequested: false, group: { pid: 77, startTime: '5' } },
          ...{ jobGroup: null, durability: 'disk' },
        },
      ]);
    });
  });

  describe('the suspect of two crashes', () => {
    it('runs alone: its executor gets nothing more until it has ended', async () => {
      const id = await addOne(jobs, { priority: 1 });
      for (const _ of [1, 2]) await settle(jobs, await claimOne(jobs), 'crash');
      await addOne(jobs);
      expect(await jobs.claim(claiming({ idle: false }))).toEqual({
        jobs: [],
        emptyLanes: [],
        heldLanes: [],
      });
      const suspect = await jobs.claim(claiming());
      expect(suspect.jobs.map((job) => job.id)).toEqual([id]);
      expect(await jobs.claim(claiming({ idle: false }))).toEqual({
        jobs: [],
        emptyLanes: [],
        heldLanes: [],
      });
      const other = await jobs.claim(claiming({ executor: 'e2', idle: false }));
      expect(other.jobs).toHaveLength(1);
    });
  });

  describe('the lines of a job', () => {
    const line = (id: string, text: string) =>
      ({ id, attempt: 1, at: NOW, level: 'info', line: text }) as const;

    it('are numbered from one and read on from any number', async () => {
      const a = await startOne(jobs);
      const b = await startOne(jobs);
      await jobs.appendLogLines([line(a.id, 'one'), line(b.id, 'other'), line(a.id, 'two')]);
      await settle(jobs, a, 'succeeded');
      await jobs.appendLogLines([{ ...line(a.id, 'three'), level: 'stderr' }]);
      const lines = await jobs.logLines(a.id, 0, 10);
      expect(lines.map(({ n, line: text }) => [n, text])).toEqual([
        [1, 'one'],
        [2, 'two'],
        [3, 'three'],
      ]);
      expect(lines[2]).toEqual({
        n: 3,
        at: '2026-11-21T21:40:05.174Z',
        attempt: 1,
        level: 'stderr',
        line: 'three',
      });
      expect((await jobs.logLines(a.id, 1, 1)).map(({ n }) => n)).toEqual([2]);
      expect((await jobs.logLines(b.id, 0, 10)).map(({ n }) => n)).toEqual([1]);
    });

    it('are dropped, oldest first, past the limit, and keep their numbers', async () => {
      const { id } = await startOne(jobs);
      const many = Array.from({ length: MAX_LOG_LINES }, (_, index) => line(id, `${index}`));
      await jobs.appendLogLines(many);
      await jobs.appendLogLines([line(id, 'last'), line(id, 'very last')]);
      const lines = await jobs.logLines(id, 0, MAX_LOG_LINES * 2);
      expect(lines).toHaveLength(MAX_LOG_LINES);
      expect(lines[0]).toMatchObject({ n: 3, line: '2' });
      expect(lines.at(-1)).toMatchObject({ n: MAX_LOG_LINES + 2, line: 'very last' });
    });

    it('keep their numbers also when more than the limit come at once', async () => {
      const { id } = await startOne(jobs);
      const many = Array.from({ length: MAX_LOG_LINES + 5 }, (_, index) => line(id, `${index}`));
      await jobs.appendLogLines(many);
      const lines = await jobs.logLines(id, 0, MAX_LOG_LINES * 2);
      expect(lines).toHaveLength(MAX_LOG_LINES);
      expect(lines[0]).toMatchObject({ n: 6, line: '5' });
    });

    it('is read as it was written, also where it looks like what is stored encrypted', async () => {
      const { id } = await startOne(jobs);
      const texts = ['enc: 25 frames', '\\enc:x', '\\\\enc:x', 'enc:1:k1:AAAA', '\\n', ''];
      await jobs.appendLogLines(texts.map((text) => line(id, text)));
      expect((await jobs.logLines(id, 0, 10)).map((one) => one.line)).toEqual(texts);
    });

    it('of an unknown job go nowhere, and those of the others are kept', async () => {
      const { id } = await startOne(jobs);
      await jobs.appendLogLines([line('999', 'lost'), line('x', 'lost'), line(id, 'kept')]);
      expect(await jobs.logLines('999', 0, 10)).toEqual([]);
      expect(await jobs.logLines(id, 0, 10)).toHaveLength(1);
    });
  });

  describe('an executor', () => {
    it('is remembered while others come, even if it has nothing to do at that moment', async () => {
      await jobs.rememberExecutor('e1', { pid: 11, startTime: '1' });
      await jobs.rememberExecutor('e2', { pid: 12, startTime: '2' });
      await startOne(jobs);
      expect(await jobs.executorProcess('e1')).toEqual({ pid: 11, startTime: '1' });
      expect(await jobs.executorProcess('e2')).toEqual({ pid: 12, startTime: '2' });
      expect(await jobs.executorProcess('e3')).toBeUndefined();
    });
  });
});
