import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { residentBytes } from '../../src/process/process-memory.ts';
import { HandlerWatch, mayMatter } from '../../src/supervisor/handler-watch.ts';
import { watchMemory } from '../../src/supervisor/memory-watch.ts';

const log = pino({ level: 'silent' });

describe('mayMatter', () => {
  it.each(['resize.mjs', '_shared.js', 'a.ts', 'table.json', null])('is true for %s', (name) => {
    expect(mayMatter(name)).toBe(true);
  });

  it.each(['run.trace', '.resize.mjs.swp', '.hidden.js', 'out'])('is false for %s', (name) => {
    expect(mayMatter(name)).toBe(false);
  });
});

describe('HandlerWatch', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('calls once for many changes, when things are calm', async () => {
    const onChange = vi.fn(async () => undefined);
    const watch = new HandlerWatch({ directory: '/nowhere', onChange, log, calmMs: 100 });
    for (let n = 0; n < 5; n += 1) {
      watch.note('a.mjs');
      await vi.advanceTimersByTimeAsync(99);
    }
    expect(onChange).not.toHaveBeenCalled();
    await vi.advanceTimersByTimeAsync(1);
    expect(onChange).toHaveBeenCalledTimes(1);
    watch.stop();
  });

  it('calls again for what has changed meanwhile, and never twice at a time', async () => {
    const ends: (() => void)[] = [];
    const onChange = vi.fn(() => new Promise<void>((resolve) => void ends.push(resolve)));
    const watch = new HandlerWatch({ directory: '/nowhere', onChange, log, calmMs: 100 });
    watch.note('a.mjs');
    await vi.advanceTimersByTimeAsync(100);
    watch.note('a.mjs');
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onChange).toHaveBeenCalledTimes(1);
    ends[0]?.();
    await vi.advanceTimersByTimeAsync(100);
    expect(onChange).toHaveBeenCalledTimes(2);
    ends[1]?.();
    await vi.advanceTimersByTimeAsync(1_000);
    expect(onChange).toHaveBeenCalledTimes(2);
    watch.stop();
  });

  it('leaves no timer when it is stopped, and hears nothing more', async () => {
    const onChange = vi.fn(async () => undefined);
    const watch = new HandlerWatch({ directory: '/nowhere', onChange, log, calmMs: 100 });
    watch.note('a.mjs');
    watch.stop();
    watch.note('b.mjs');
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('a watched directory', () => {
  it('tells of files that are written, and one that is missing is no failure', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'taskbell-watch-'));
    let changes = 0;
    const onChange = async () => {
      changes += 1;
    };
    const watch = new HandlerWatch({ directory, onChange, log, calmMs: 1 });
    const missing = new HandlerWatch({ directory: join(directory, 'none'), onChange, log });
    watch.start();
    missing.start();
    try {
      writeFileSync(join(directory, 'a.mjs'), '');
      await expect.poll(() => changes, { timeout: 20_000 }).toBeGreaterThan(0);
    } finally {
      watch.stop();
      missing.stop();
      rmSync(directory, { recursive: true });
    }
  });
});

describe('watchMemory', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  it('names every process beyond the limit, and only those', async () => {
    vi.useFakeTimers();
    const sizes = new Map([
      [1, 100],
      [2, 101],
    ]);
    const over: [number, number][] = [];
    const end = watchMemory({
      limit: 100,
      pids: () => [1, 2, 3],
      measure: (pid) => sizes.get(pid),
      onOver: (pid, bytes) => over.push([pid, bytes]),
    });
    await vi.advanceTimersByTimeAsync(500);
    expect(over).toEqual([[2, 101]]);
    end();
    expect(vi.getTimerCount()).toBe(0);
  });

  it('has no timer without a limit', () => {
    vi.useFakeTimers();
    watchMemory({ limit: 0, pids: () => [1], onOver: () => undefined });
    expect(vi.getTimerCount()).toBe(0);
  });
});

describe('residentBytes', () => {
  it('is known of a process that lives (needs Linux: /proc), and of no other', () => {
    expect(residentBytes(process.pid)).toBeGreaterThan(1_048_576);
    expect(residentBytes(2 ** 30)).toBeUndefined();
  });
});
