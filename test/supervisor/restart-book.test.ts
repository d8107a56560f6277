import { pino } from 'pino';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { RestartBook } from '../../src/supervisor/restart-book.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

let lines: Line[];
let changes: number;
let book: RestartBook;

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  changes = 0;
  const write = (line: string) => void lines.push(JSON.parse(line));
  const log = pino({ level: 'debug', base: {} }, { write });
  const onChange = () => {
    changes += 1;
  };
  book = new RestartBook({ log, onChange, nowMono: () => Date.now() });
});

afterEach(() => {
  book.stop();
  vi.useRealTimers();
});

/** A process lives for so long and ends; the next one starts when it may. */
function live(ms: number): number {
  const startedMono = Date.now();
  vi.advanceTimersByTime(ms);
  book.noteEnd();
  const delayMs = book.restartIn(startedMono, { pid: 7 });
  vi.advanceTimersByTime(delayMs);
  return delayMs;
}

const messages = () => lines.map(({ msg }) => msg);

it('tells of each end with its reason, its number and the pause', () => {
  live(0);
  live(0);
  expect(lines).toMatchObject([
    { level: 40, pid: 7, restarts: 1, restartInMs: 0 },
    { level: 40, pid: 7, restarts: 2, restartInMs: 100 },
  ]);
  expect(book.isDegraded).toBe(false);
});

it('says once that a place is degraded, and that it has recovered after a life of a minute', () => {
  for (let n = 0; n < 7; n += 1) live(0);
  expect(book.isDegraded).toBe(true);
  expect(messages().filter((msg) => msg.startsWith('process is degraded'))).toHaveLength(1);
  expect(changes).toBe(1);
  book.noteUp();
  vi.advanceTimersByTime(59_999);
  expect(book.isDegraded).toBe(true);
  vi.advanceTimersByTime(1);
  expect(book.isDegraded).toBe(false);
  expect(messages().at(-1)).toBe('process has recovered');
  expect(changes).toBe(2);
});

it('stays degraded where the life that was to end it was too short', () => {
  for (let n = 0; n < 5; n += 1) live(0);
  book.noteUp();
  live(59_000);
  vi.advanceTimersByTime(120_000);
  expect(book.isDegraded).toBe(true);
});

it('holds restarts back as an error once there were ten within a minute', () => {
  for (let n = 0; n < 10; n += 1) expect(live(5_000)).toBe(0);
  expect(live(5_000)).toBe(10_000);
  const held = lines.find(({ msg }) => msg.includes('held back'));
  expect(held).toMatchObject({ level: 50, restarts: 11, restartInMs: 10_000 });
});

it('leaves no timer when it is stopped', () => {
  for (let n = 0; n < 5; n += 1) live(0);
  book.noteUp();
  book.stop();
  expect(vi.getTimerCount()).toBe(0);
});
