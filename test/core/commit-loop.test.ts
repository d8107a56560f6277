import { describe, expect, it, vi } from 'vitest';
import type { Participant } from '../../src/sqlite/commit.ts';
import { start, storageError, turn } from './recorded-loop.ts';

describe('a group', () => {
  it('is all the work of one turn in one transaction', async () => {
    const { loop, note, said } = start();
    const answers = await Promise.all([loop.commit(() => 'a'), note('b'), loop.commit(() => 'c')]);
    expect([answers[0], answers[2]]).toEqual(['a', 'c']);
    expect(said).toEqual(['begin', 'b', 'commit']);
    expect(loop.commits).toBe(1);
  });

  it('is another one in the next turn', async () => {
    const { loop, note, said } = start();
    await note('a');
    await note('b');
    expect(said).toEqual(['begin', 'a', 'commit', 'begin', 'b', 'commit']);
    expect(loop.commits).toBe(2);
  });

  it('takes in what comes from promises of the same turn', async () => {
    const { loop, note } = start();
    await Promise.all([note('a'), Promise.resolve().then(() => note('b'))]);
    expect(loop.commits).toBe(1);
  });

  it('is answered after its commit', async () => {
    const { note, said } = start();
    await note('a').then(() => said.push('answered'));
    expect(said).toEqual(['begin', 'a', 'commit', 'answered']);
  });

  it('that work hands in while a group runs is the next one', async () => {
    const { loop, note, said } = start();
    const inner = await loop.commit(() => ({ later: note('inner') }));
    await inner.later;
    expect(said).toEqual(['begin', 'commit', 'begin', 'inner', 'commit']);
  });

  it('that is empty touches nothing', async () => {
    const { loop, said } = start();
    loop.nudge();
    await turn();
    expect(said).toEqual([]);
    expect(loop.commits).toBe(0);
  });
});

describe('a piece of work that throws', () => {
  it('fails alone, and the others are committed one by one', async () => {
    const { loop, note, said } = start();
    const results = await Promise.allSettled([
      note('a'),
      loop.commit(() => {
        throw new RangeError('mine');
      }),
      note('b'),
    ]);
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(results[1]).toMatchObject({ reason: { message: 'mine' } });
    expect(said).toEqual([
      ...['begin', 'a', 'rollback'],
      ...['begin', 'a', 'commit'],
      ...['begin', 'rollback'],
      ...['begin', 'b', 'commit'],
    ]);
    expect(loop.commits).toBe(2);
  });

  it('is tried once when it is alone', async () => {
    const { loop, said } = start();
    const failing = loop.commit(() => {
      said.push('tried');
      throw new RangeError('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    expect(said).toEqual(['begin', 'tried', 'rollback']);
  });
});

describe('a participant', () => {
  function participant(said: string[]): Participant {
    return {
      beforeCommit: () => void said.push('before'),
      afterCommit: () => void said.push('after'),
      afterRollback: () => void said.push('taken back'),
    };
  }

  it('has a last word before the commit and hears of it before the caller does', async () => {
    const { loop, note, said } = start();
    loop.join(participant(said));
    await note('a').then(() => said.push('answered'));
    expect(said).toEqual(['begin', 'a', 'before', 'commit', 'after', 'answered']);
  });

  it('hears that a group was taken back', async () => {
    const { loop, said } = start();
    loop.join(participant(said));
    const failing = loop.commit(() => {
      throw new RangeError('mine');
    });
    await expect(failing).rejects.toThrow('mine');
    expect(said).toEqual(['begin', 'rollback', 'taken back']);
  });

  it('that throws its last word takes the group back', async () => {
    const { loop, note, said } = start();
    loop.join({
      beforeCommit: () => {
        throw new RangeError('not like this');
      },
    });
    await expect(note('a')).rejects.toThrow('not like this');
    expect(said).toEqual(['begin', 'a', 'rollback']);
  });

  it('that throws after the commit is its own fault: the group is answered and never run again', async () => {
    const { loop, note, said } = start();
    loop.join({
      afterCommit: () => {
        throw new RangeError('a listener');
      },
    });
    const answers = [note('a'), note('b')];
    // A throw out of the turn is an uncaught exception of the process; here close() is the turn.
    expect(() => loop.close()).toThrow('a listener');
    await Promise.all(answers);
    expect(said).toEqual(['begin', 'a', 'b', 'commit']);
  });
});

describe('the flush hook', () => {
  it('adds work to the same transaction', async () => {
    const { loop, note, said } = start();
    let once = true;
    loop.onFlush(() => {
      if (once) void note('from the hook');
      once = false;
    });
    await note('a');
    expect(said).toEqual(['begin', 'a', 'from the hook', 'commit']);
  });

  it('is called by a nudge, without any other work', async () => {
    const { loop, note, said } = start();
    let once = true;
    loop.onFlush(() => {
      if (once) void note('from the hook');
      once = false;
    });
    loop.nudge();
    loop.nudge();
    await turn();
    expect(said).toEqual(['begin', 'from the hook', 'commit']);
  });
});

describe('after close', () => {
  it('what waited is committed, and later work is refused', async () => {
    const { loop, note, said } = start();
    const waiting = note('a');
    loop.close();
    await waiting;
    await expect(note('b')).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
    expect(said).toEqual(['begin', 'a', 'commit']);
  });

  it('the hook is not asked for more, a nudge does nothing, and a second close neither', async () => {
    const { loop, said } = start();
    loop.onFlush(() => void said.push('hook'));
    loop.close();
    loop.nudge();
    loop.close();
    await turn();
    expect(said).toEqual([]);
  });
});

describe('a failed disk', () => {
  it.each([
    'SQLITE_IOERR_FSYNC',
    'SQLITE_IOERR_WRITE',
    'SQLITE_CORRUPT',
    'SQLITE_READONLY_DBMOVED',
  ])('(%s at the commit) is the end: everything is refused, and it is said once', async (code) => {
    const { loop, note, transaction } = start();
    transaction.failAt = { word: 'commit', error: storageError(code) };
    const results = await Promise.allSettled([note('a'), note('b')]);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'E_IO' } });
    transaction.failAt = undefined;
    await expect(note('c')).rejects.toMatchObject({ code: 'E_IO' });
    loop.nudge();
    await turn();
    loop.close();
    expect(transaction.said).toEqual(['begin', 'a', 'b', 'commit', 'rollback']);
    expect(transaction.fatal.map((error) => error.code)).toEqual(['E_IO']);
    expect(transaction.fatal[0]?.message).toContain(code);
    expect(loop.commits).toBe(0);
  });

  it('at the begin of a transaction is the end as well', async () => {
    const { note, transaction } = start();
    transaction.failAt = { word: 'begin', error: storageError('SQLITE_IOERR_READ') };
    await expect(note('a')).rejects.toMatchObject({ code: 'E_IO' });
    expect(transaction.fatal).toHaveLength(1);
  });

  it('while a broken group is tried one by one refuses the rest of it', async () => {
    const { loop, note, transaction, said } = start();
    const results = Promise.allSettled([
      note('a'),
      loop.commit(() => {
        throw transaction.said.includes('rollback')
          ? storageError('SQLITE_IOERR')
          : new Error('mine');
      }),
      note('c'),
    ]);
    expect(await results).toMatchObject([
      { status: 'fulfilled' },
      { reason: { code: 'E_IO' } },
      { reason: { code: 'E_IO' } },
    ]);
    expect(said.filter((word) => word === 'c')).toEqual([]);
    expect(transaction.fatal).toHaveLength(1);
  });
});

describe('a full disk', () => {
  it('refuses the group at once and goes on when there is space again', async () => {
    const { note, transaction, said } = start();
    transaction.failAt = { word: 'commit', error: storageError('SQLITE_FULL') };
    const results = await Promise.allSettled([note('a'), note('b')]);
    for (const result of results) expect(result).toMatchObject({ reason: { code: 'E_DISK_FULL' } });
    expect(said).toEqual(['begin', 'a', 'b', 'commit', 'rollback']);
    transaction.failAt = undefined;
    await note('c');
    expect(said.slice(-3)).toEqual(['begin', 'c', 'commit']);
    expect(transaction.fatal).toEqual([]);
  });
});

describe('a full disk with space that was held back', () => {
  it('has the group committed once more when there is space', async () => {
    let released = 0;
    const { note, said, transaction } = start((one) => {
      released += 1;
      one.failAt = undefined;
      return true;
    });
    // As the index of the write-ahead log says it, which is on the same disk.
    transaction.failAt = { word: 'commit', error: storageError('SQLITE_IOERR_SHMSIZE') };
    await Promise.all([note('a'), note('b')]);
    const attempt = ['begin', 'a', 'b', 'commit'];
    expect(said).toEqual([...attempt, 'rollback', ...attempt]);
    expect([released, transaction.fatal]).toEqual([1, []]);
  });

  it('refuses the group when that was not enough', async () => {
    let asked = 0;
    const { note, transaction } = start(() => {
      asked += 1;
      return asked === 1;
    });
    transaction.failAt = { word: 'commit', error: storageError('SQLITE_FULL') };
    await expect(note('a')).rejects.toMatchObject({ code: 'E_DISK_FULL' });
    expect(asked).toBe(2);
  });
});

describe('a write lock that another program holds', () => {
  it('is waited for, and what came meanwhile shares the transaction', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { note, transaction, said } = start();
      transaction.failAt = { word: 'begin', error: storageError('SQLITE_BUSY') };
      const first = note('a');
      await turn();
      const second = note('b');
      await turn();
      expect(said).toEqual(['begin']);
      transaction.failAt = undefined;
      vi.advanceTimersByTime(50);
      await Promise.all([first, second]);
      expect(said).toEqual(['begin', 'begin', 'a', 'b', 'commit']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('that comes while pieces are tried one by one leaves them in their order', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, note, transaction, said } = start();
      const busy = { word: 'begin', error: storageError('SQLITE_BUSY') } as const;
      const culprit = loop.commit(() => {
        transaction.failAt = said.length < 3 ? busy : undefined;
        throw new RangeError('mine');
      });
      const answers = [note('add'), note('claim')];
      await turn();
      expect(said).toEqual(['begin', 'rollback', 'begin']);
      transaction.failAt = undefined;
      vi.advanceTimersByTime(50);
      await expect(culprit).rejects.toThrow('mine');
      await Promise.all(answers);
      expect(said.filter((word) => word === 'add' || word === 'claim')).toEqual(['add', 'claim']);
    } finally {
      vi.useRealTimers();
    }
  });

  it('is given up after some seconds, and taken again when it is free', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { note, transaction } = start();
      transaction.failAt = { word: 'begin', error: storageError('SQLITE_BUSY') };
      const refused = expect(note('a')).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
      await turn();
      vi.advanceTimersByTime(60_000);
      await refused;
      transaction.failAt = undefined;
      await note('b');
      expect(transaction.fatal).toEqual([]);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves no timer behind a close', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    try {
      const { loop, note, transaction } = start();
      transaction.failAt = { word: 'begin', error: storageError('SQLITE_BUSY') };
      const refused = expect(note('a')).rejects.toMatchObject({ code: 'E_UNAVAILABLE' });
      await turn();
      expect(vi.getTimerCount()).toBe(1);
      loop.close();
      await refused;
      expect(vi.getTimerCount()).toBe(0);
    } finally {
      vi.useRealTimers();
    }
  });
});
