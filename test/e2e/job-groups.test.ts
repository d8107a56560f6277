import { afterAll, beforeAll, expect, test } from 'vitest';
import { Site, until } from './daemon.ts';

const site = new Site('[worker]\nprocesses = 1\nconcurrency = 1\n');
beforeAll(async () => {
  await site.up();
});
afterAll(() => site.dispose());

test("a tenant's single job starts next, however many another has queued, and none is lost", async () => {
  const gate = await site.api.add('gate', { file: 'tenants.open' }, { group: 'big' });
  await until(() => site.lines('gate.trace').length === 1, 'the only slot is taken');
  const many = Array.from({ length: 200 }, (_, index) => ({
    ...{ type: 'note', payload: { name: `big ${index}` }, group: 'big' },
  }));
  const added = await site.api.addMany(many);
  const small = await site.json('job', 'add', 'note', '{"name":"small"}', '--group', 'small');
  expect(small.state).toBe('queued');
  expect((await site.api.get(small.id)).group).toBe('small');
  site.write('tenants.open', '');
  await site.api.wait(gate.id);
  await site.api.wait(added.at(-1)?.id ?? '');
  const order = site.lines('order.trace');
  expect(order[0]).toBe('small');
  expect(order.slice(1)).toEqual(many.map(({ payload }) => payload.name));
});
