/** Which commits wait for the disk, and how the others get there. */
import { describe, expect, it, vi } from 'vitest';
import { SYNC_WITHIN_MS } from '../../src/sqlite/commit.ts';
import { start, storageError, turn } from './recorded-loop.ts';

describe('work that need not wait for the disk', () => {
  it('makes a group that need not, unless anything in it must', async () => {
    const { loop, note, transaction } = start();
    const easy = (word: string) => loop.commit(() => transaction.said.push(word), 'os');
    await Promise.all([easy('a'), easy('b')]);
    await Promise.all([easy('c'), note('d')]);
    await note('e');
    expect(transaction.begun).toEqual(['os', 'disk', 'disk']);
    expect([loop.commits, loop.osCommits]).toEqual([3, 1]);
    loop.close();
  });

  it('is tried alone with its own promise when its group failed', async () => {
    const { loop, note, transaction } = start();
    const failing = loop.commit(() => {
      throw new RangeError('mine');
    }, 'os');
    const all = Promise.allSettled([failing, note('a'), loop.commit(() => 'b', 'os')]);
    expect((await all).map(({ status }) => status)).toEqual(['rejected', 'fulfilled', 'fulfilled']);
    expect(transaction.begun).toEqual(['disk', 'os', 'disk', 'os']);
    loop.close();
  });

  it('is brought to the disk a moment later, once, and then no timer is left', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, transaction } = start();
      await loop.commit(() => 'a', 'os');
      await loop.commit(() => 'b', 'os');
      expect(vi.getTimerCount()).toBe(1);
      vi.advanceTimersByTime(SYNC_WITHIN_MS);
      await turn();
      expect(transaction.said.slice(-3)).toEqual(['begin', 'touch', 'commit']);
      expect(transaction.begun).toEqual(['os', 'os', 'disk']);
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is brought there also after a group that waited for the disk and wrote nothing', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, note, said } = start();
      await loop.commit(() => 'a', 'os');
      await note('reads only');
      vi.advanceTimersByTime(SYNC_WITHIN_MS);
      await turn();
      expect(said).toContain('touch');
    } finally {
      vi.useRealTimers();
    }
  });

  it('is tried again where the disk is full, and not after a close', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, transaction, said } = start();
      await loop.commit(() => 'a', 'os');
      transaction.failAt = { word: 'commit', error: storageError('SQLITE_FULL') };
      vi.advanceTimersByTime(SYNC_WITHIN_MS);
      await turn();
      expect(said.at(-1)).toBe('rollback');
      expect(vi.getTimerCount()).toBe(1);
      loop.close();
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that cannot be brought there because the disk failed is the end', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, note, transaction } = start();
      await loop.commit(() => 'a', 'os');
      transaction.failAt = { word: 'commit', error: storageError('SQLITE_IOERR_FSYNC') };
      vi.advanceTimersByTime(SYNC_WITHIN_MS);
      await turn();
      expect(transaction.fatal).toMatchObject([{ code: 'E_IO' }]);
      await expect(note('b')).rejects.toMatchObject({ code: 'E_IO' });
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
