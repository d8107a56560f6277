import { describe, expect, it } from 'vitest';
import { EventQueue } from '../../src/events-client/event-queue.ts';

describe('events for a loop', () => {
  it('wait for it, and are all delivered before the end', async () => {
    const queue = new EventQueue<number>(() => {});
    queue.push(1);
    queue.push(2);
    queue.end();
    queue.push(3);
    const seen: number[] = [];
    for await (const one of queue) seen.push(one);
    expect(seen).toEqual([1, 2]);
  });

  it('go to readers in their order', async () => {
    const queue = new EventQueue<number>(() => {});
    const readers = [queue.next(), queue.next()];
    queue.push(1);
    queue.push(2);
    expect((await Promise.all(readers)).map(({ value }) => value)).toEqual([1, 2]);
  });

  it('end with an error, once, when the loop falls too far behind', async () => {
    const queue = new EventQueue<number>(() => {});
    for (let count = 0; count <= 10_000; count += 1) queue.push(count);
    await expect(queue.next()).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });

  it('are let go of when the loop is left', async () => {
    let returned = 0;
    const queue = new EventQueue<number>(() => {
      returned += 1;
    });
    queue.push(1);
    queue.push(2);
    for await (const _ of queue) break;
    expect(returned).toBe(1);
    expect(await queue.next()).toEqual({ done: true, value: undefined });
  });
});
