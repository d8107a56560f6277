/** What only the log on SQLite can show of rows that go by a bound of their type: segments, leaps, another opening. */
import path from 'node:path';
import fc from 'fast-check';
import { expect, it, onTestFinished } from 'vitest';
import type { EventLog, NewRow } from '../../../src/log/event-log.ts';
import { skipAhead } from '../../../src/log/sqlite/log-position.ts';
import { openDatabase } from '../../../src/sqlite/database.ts';
import { assemble, newCipher, openMemoryStores, openSqliteStores } from '../../contract/stores.ts';
import { temporaryDirectory } from '../../sqlite/temporary-directory.ts';

const row = (type: string, id = '1'): NewRow => ({ type, id, kind: 'event', data: '[]' });

async function pruneAll(log: EventLog, bounds: { keep?: number; before?: number }, limit = 100) {
  let steps = 0;
  for (;;) {
    steps += 1;
    if ((await log.pruneType({ type: 'a', ...bounds, limit })).isDone) return steps;
  }
}

const seqs = async (log: EventLog) =>
  (await log.read({ after: '0', limit: 10_000 })).map(({ seq }) => seq);

it('drops segments that are empty, all but the newest, and says of others what is left in them', async () => {
  const { db, log, close } = openSqliteStores();
  onTestFinished(close);
  await log.append([row('a'), row('a')], 0);
  await log.append([row('a'), row('b')], 0);
  await log.append([row('a')], 0);
  await pruneAll(log, { keep: 0 });
  expect(db.prepare('SELECT last, types FROM log').all()).toEqual([
    { last: 4, types: '["b"]' },
    { last: 5, types: '[]' },
  ]);
  expect(db.prepare('SELECT type FROM log_topics').pluck().all()).toEqual(['b']);
});

it.each(['plain', 'encrypted'])(
  'knows after another opening what is gone, how much is kept, and where its numbers were (%s)',
  async (kind) => {
    const file = path.join(temporaryDirectory(), 'taskbell.db');
    const cipher = kind === 'plain' ? undefined : newCipher();
    const first = assemble(openDatabase(file), cipher);
    await first.log.append([row('a'), row('b'), row('a')], 0);
    await first.log.append([row('a')], 0);
    await pruneAll(first.log, { keep: 0 });
    first.close();
    const again = assemble(openDatabase(file), cipher);
    onTestFinished(() => again.close());
    expect([again.log.gone(['a']), again.log.gone(['b']), again.log.top()]).toEqual([
      '4',
      '0',
      '4',
    ]);
    expect([...again.log.rowsByType()]).toEqual([
      ['a', 0],
      ['b', 1],
    ]);
    expect(await seqs(again.log)).toEqual(['2']);
    expect(await again.log.append([row('a')], 0)).toMatchObject([{ seq: '5', prev: null }]);
  },
);

it('looks across numbers that the log leapt over', async () => {
  const file = path.join(temporaryDirectory(), 'taskbell.db');
  const first = assemble(openDatabase(file));
  await first.log.append([row('b'), row('a')], 0);
  first.close();
  const db = openDatabase(file);
  for (const boot of ['one', 'two']) skipAhead(db, boot);
  const again = assemble(db);
  onTestFinished(() => again.close());
  await again.log.append([row('a'), row('b'), row('a')], 0);
  await pruneAll(again.log, { keep: 1 });
  expect(await seqs(again.log)).toEqual(['1', '1000004', '1000005']);
});

it('takes a transaction back with all that it removed', async () => {
  const { log, loop, close } = openSqliteStores();
  onTestFinished(close);
  await log.append([row('a'), row('a')], 0);
  const pruned = log.pruneType({ type: 'a', keep: 0, limit: 9 });
  const failed = loop.commit(() => {
    throw new Error('no');
  });
  await expect(failed).rejects.toThrow('no');
  expect(await pruned).toMatchObject({ removed: 2 });
  expect([log.gone(), log.rowsByType().get('a')]).toEqual(['2', 0]);
});

const STEP = fc.oneof(
  fc.record({ rows: fc.array(fc.constantFrom('a1', 'a2', 'b1'), { minLength: 1, maxLength: 5 }) }),
  fc.record({ keep: fc.integer({ min: 0, max: 6 }), limit: fc.integer({ min: 1, max: 4 }) }),
  fc.record({ age: fc.integer({ min: 0, max: 8 }), limit: fc.integer({ min: 1, max: 4 }) }),
);

it('keeps what a plain list keeps, whatever is appended and removed', async () => {
  const model = fc.asyncProperty(fc.array(STEP, { maxLength: 25 }), async (steps) => {
    const stores = [openSqliteStores(), openMemoryStores()];
    try {
      for (const { log } of stores) {
        for (const [at, step] of steps.entries()) {
          if ('rows' in step) {
            await log.append(
              step.rows.map((name) => row(name.slice(0, 1), name)),
              at,
            );
          } else if ('keep' in step) await pruneAll(log, { keep: step.keep }, step.limit);
          else await pruneAll(log, { before: at - step.age }, step.limit);
        }
      }
      const [sqlite, memory] = stores.map(({ log }) => log) as [EventLog, EventLog];
      const view = async (log: EventLog) => [
        await log.read({ after: '0', limit: 1_000 }),
        await log.read({ after: '0', limit: 1_000, type: 'a' }),
        await log.read({ after: '0', limit: 1_000, type: 'a', id: 'a1' }),
        [log.gone(['a']), log.top(), log.rowsByType().get('a') ?? 0],
      ];
      expect(await view(sqlite)).toEqual(await view(memory));
    } finally {
      for (const store of stores) store.close();
    }
  });
  await fc.assert(model, { numRuns: 25 });
}, 60_000);
