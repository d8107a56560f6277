/** Event types of their own kind, through a whole core: kept shorter, and emitted though live only. */
import { afterEach, expect, it } from 'vitest';
import { AwakeCore } from './awake-core.ts';

let core: AwakeCore;
afterEach(() => core.dispose());

it('lets the events of one type go by its own count, and tells whoever resumes from before them', async () => {
  core = await AwakeCore.start('[event:tick]\nretentionCount = 2\n');
  for (let n = 0; n < 5; n += 1) {
    await core.post('/v1/events', [
      { type: 'tick', id: 't', data: [n] },
      { type: 'issueUpdate', id: 'i', data: [n] },
    ]);
  }
  const read = async (query: string) => (await core.get(`/v1/events?${query}`)).body;
  const ticks = async () =>
    (await read('type=tick')).events.map(({ data }: { data: number[] }) => data[0]);
  await expect.poll(ticks, { timeout: 20_000 }).toEqual([3, 4]);
  expect((await read('type=issueUpdate')).events).toHaveLength(5);
  // The last of those that went is 5.
  expect(await read('since=4&type=tick')).toMatchObject({
    recovered: false,
    events: [{ seq: '7', prev: null }, {}],
  });
  expect(await read('since=4&type=issueUpdate')).toMatchObject({ recovered: true });
  expect(await read('since=4')).toMatchObject({
    recovered: false,
    events: [{ seq: '6' }, {}, {}, {}, {}],
  });
  expect(await read('since=5')).toMatchObject({ recovered: true });
});
