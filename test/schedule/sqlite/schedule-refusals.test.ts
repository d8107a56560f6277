/** What a refused change of a schedule costs those that share its transaction. */
import { afterEach, beforeEach, expect, it } from 'vitest';
import { NOW, newJob } from '../../contract/job-fixture.ts';
import { openSqliteStores, type SqliteStores } from '../../contract/stores.ts';

let stores: SqliteStores;
beforeEach(() => {
  stores = openSqliteStores();
});
afterEach(() => stores.close());

it('a change that is refused takes nothing back, and so has nothing counted anew', async () => {
  let takenBack = 0;
  stores.loop.join({
    afterRollback: () => {
      takenBack += 1;
    },
  });
  const refused = stores.schedules.put('nightly', () => {
    throw new Error('no such schedule');
  });
  const added = stores.jobs.add([newJob()], NOW);
  await expect(refused).rejects.toThrow('no such schedule');
  expect(await added).toHaveLength(1);
  expect(takenBack).toBe(0);
});
