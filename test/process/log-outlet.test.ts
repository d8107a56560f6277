import { setImmediate as turn } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { LogOutlet } from '../../src/process/log-outlet.ts';

/** Takes so many bytes and then no more, or refuses with an error, as a test says. */
class Taker {
  readonly writes: string[] = [];
  room = Number.POSITIVE_INFINITY;
  failure: string | undefined;
  /** Takes a piece as a whole or not at all. */
  takesWhole = false;

  get text(): string {
    return this.writes.join('');
  }

  write(bytes: Uint8Array): number {
    if (this.failure !== undefined) throw Object.assign(new Error('no'), { code: this.failure });
    const taken =
      this.takesWhole && bytes.length > this.room ? 0 : Math.min(this.room, bytes.length);
    this.room -= taken;
    if (taken > 0) this.writes.push(Buffer.from(bytes.subarray(0, taken)).toString());
    return taken;
  }
}

function outletOf(taker: Taker, maxWaitingBytes = 100): LogOutlet {
  return new LogOutlet({
    target: taker,
    maxWaitingBytes,
    tellDropped: (lines, because) => `(${lines} dropped: ${because})\n`,
  });
}

function say(outlet: LogOutlet, ...lines: readonly string[]): void {
  for (const line of lines) {
    outlet.write(`${line}\n`);
    outlet.flush();
  }
}

describe('the outlet of a log', () => {
  it('writes the lines of one turn of the event loop together, after it', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    outlet.write('one\n');
    outlet.write('two\n');
    expect(taker.writes).toEqual([]);
    await turn();
    expect(taker.writes).toEqual(['one\ntwo\n']);
  });

  it('writes everything before an urgent line with it at once', () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    outlet.write('one\n');
    outlet.write('urgent\n');
    outlet.flush();
    expect(taker.writes).toEqual(['one\nurgent\n']);
  });

  it('goes on in the middle of a line when there is room again', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.room = 6;
    say(outlet, 'first', 'second');
    expect(taker.text).toBe('first\n');
    taker.room = 3;
    say(outlet, 'third');
    expect(taker.text).toBe('first\nsec');
    taker.room = Number.POSITIVE_INFINITY;
    await outlet.close(20_000);
    expect(taker.text).toBe('first\nsecond\nthird\n');
  });

  it('says that lines are missing before the line that comes after them, though there is no room to say it', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.failure = 'ENOSPC';
    say(outlet, 'lost');
    taker.failure = undefined;
    taker.room = 3;
    say(outlet, 'next');
    taker.room = 0;
    say(outlet, 'last');
    taker.room = Number.POSITIVE_INFINITY;
    await outlet.close(20_000);
    expect(taker.text).toBe('(1 dropped: ENOSPC)\nnext\nlast\n');
  });

  it('writes nothing in front of what waits already', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.failure = 'ENOSPC';
    say(outlet, 'lost');
    taker.failure = undefined;
    // A pipe that is nearly full takes a short piece, and nothing of a longer one.
    taker.takesWhole = true;
    taker.room = 10;
    say(outlet, 'next');
    taker.room = Number.POSITIVE_INFINITY;
    await outlet.close(20_000);
    expect(taker.text).toBe('(1 dropped: ENOSPC)\nnext\n');
  });

  it('keeps no more than the bound while nobody reads, and says in their place how many are missing', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.room = 0;
    say(outlet, ...Array.from({ length: 1_000 }, (_, n) => `line ${n}`.padEnd(9)));
    taker.room = Number.POSITIVE_INFINITY;
    await outlet.close(20_000);
    say(outlet, 'later');
    const lines = taker.text.trimEnd().split('\n');
    expect(lines.slice(0, 10).map((line) => line.trim())).toEqual(
      Array.from({ length: 10 }, (_, n) => `line ${n}`),
    );
    expect(lines.slice(10)).toEqual(['(990 dropped: nobody reads it fast enough)', 'later']);
  });

  it('takes lines again only when there is real room, so that a slow reader sees few counts', () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.room = 0;
    say(outlet, ...Array.from({ length: 20 }, () => '123456789'));
    // Room for one line: not enough.
    taker.room = 10;
    say(outlet, 'not yet..');
    expect(taker.text).toBe('123456789\n');
    taker.room = 70;
    say(outlet, 'now......');
    taker.room = Number.POSITIVE_INFINITY;
    outlet.flush();
    const lines = taker.text.trimEnd().split('\n');
    expect(lines.slice(-2)).toEqual(['(11 dropped: nobody reads it fast enough)', 'now......']);
    expect(lines).toHaveLength(12);
  });

  it('drops and counts what an error refuses, and tells it before the first line that is taken again', () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.failure = 'ENOSPC';
    say(outlet, 'lost', 'lost too');
    taker.failure = undefined;
    say(outlet, 'back', 'and on');
    expect(taker.text).toBe('(2 dropped: ENOSPC)\nback\nand on\n');
  });

  it('begins a new line after one that was cut by a full disk', () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.room = 4;
    say(outlet, 'abcdefgh');
    taker.failure = 'ENOSPC';
    say(outlet, 'lost');
    taker.failure = undefined;
    taker.room = Number.POSITIVE_INFINITY;
    say(outlet, 'back');
    expect(taker.text).toBe('abcd\n(2 dropped: ENOSPC)\nback\n');
  });

  it('does not wait for ever at the end', async () => {
    const taker = new Taker();
    const outlet = outletOf(taker);
    taker.room = 0;
    say(outlet, 'nobody reads this');
    await outlet.close(20);
    expect(taker.text).toBe('');
  });
});
