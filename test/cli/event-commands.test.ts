/** The event commands against a real core. */
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AwakeCore } from '../core/awake-core.ts';
import { runCommand } from './run-command.ts';

let core: AwakeCore;
beforeEach(async () => {
  core = await AwakeCore.start(
    '[event:order]\n[event:kept]\nretention = 7d\nretentionCount = 100\n[event:cursorMove]\ndelivery = volatile\n',
  );
});
afterEach(() => core.dispose());

const run = (argv: readonly string[], more: { stdin?: string; signal?: AbortSignal } = {}) =>
  runCommand(['event', ...argv], { cwd: core.directory, ...more });
const rows = (text: string) =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line));

test('publish takes events from a file, one a line, and says how many there were', async () => {
  const lines = Array.from({ length: 1_500 }, (_, n) =>
    JSON.stringify({ type: 'order', id: `o${n}`, data: [n] }),
  );
  writeFileSync(path.join(core.directory, 'orders.ndjson'), `${lines.join('\n')}\n\n`);
  const result = await run(['publish', '--file', 'orders.ndjson']);
  expect(result).toMatchObject({
    exitCode: 0,
    stdout: 'published 1500 events, the last as 1500\n',
  });
});

test('publish takes the data of one object from standard input, a line each', async () => {
  const result = await run(['publish', 'order', 'o1', '--file', '-', '--json'], {
    stdin: '[1]\n[2]\n',
  });
  expect(JSON.parse(result.stdout)).toEqual({ published: 2, last: '2' });
  const history = await run(['history', 'order', 'o1', '--json']);
  expect(rows(history.stdout).map(({ data }) => data)).toEqual([[1], [2]]);
});

test('publish says of a bad line which it is, and what was published before it', async () => {
  const good = JSON.stringify({ type: 'order', id: 'o', data: [] });
  const many = Array.from({ length: 1_000 }, () => good).join('\n');
  const result = await run(['publish', '--file', '-'], {
    stdin: `${many}\n${good.replace('order', 'ordr')}\n`,
  });
  expect(result.exitCode).toBe(65);
  expect(result.stderr).toMatch(
    /no event type ordr[\s\S]*1000 events were published, none of those from line 1001 on/,
  );
  const broken = await run(['publish', '--file', '-'], { stdin: `${good}\n{\n` });
  expect(broken.stderr).toContain('Line 2 of standard input is no JSON');
  const number = await run(['publish', 'order', 'o', '--file', '-'], { stdin: '7\n' });
  expect(number.stderr).toContain('neither an event nor an array');
});

test.each([[['publish']], [['publish', 'order']], [['publish', 'order', '--file', '-']]])(
  '%j lacks what an event has',
  async (argv) => {
    expect((await run(argv)).exitCode).toBe(64);
  },
);

test('publish says of a volatile event that it is live only', async () => {
  const result = await run(['publish', 'cursorMove', 'c1', '[1]']);
  expect(result.stdout).toBe('published cursorMove c1, live only\n');
  expect((await run(['history', 'cursorMove', 'c1'])).stdout).toBe('');
});

test('history pages through what the log holds, from a position, as far as asked', async () => {
  const body = Array.from({ length: 1_000 }, (_, n) => ({ type: 'order', id: 'o1', data: [n] }));
  await core.post('/v1/events', body);
  await core.post('/v1/events', body);
  const all = await run(['history', 'order', 'o1', '--limit', '5000', '--json']);
  expect(rows(all.stdout).map(({ seq }) => Number(seq))).toEqual(
    Array.from({ length: 2_000 }, (_, n) => n + 1),
  );
  const some = await run(['history', 'order', '--since', '10', '-n', '2', '--json']);
  expect(rows(some.stdout).map(({ seq }) => seq)).toEqual(['11', '12']);
  expect((await run(['history', 'order', 'o1'])).stdout.trim().split('\n')).toHaveLength(100);
  const text = await run(['history', 'order', 'o1', '-n', '1']);
  expect(text.stdout).toMatch(/^\d{4}-\d\d-\d\dT.*Z 1 order\/o1 0\n$/);
});

test('history says when the log no longer has all after a position', async () => {
  const result = await run(['history', 'order', '--since', '999']);
  expect(result.stderr).toContain('no longer has all events after 999');
});

test('history of a type that there is not says which was meant', async () => {
  const result = await run(['history', 'ordr']);
  expect(result.exitCode).toBe(65);
  expect(result.stderr).toContain('There is no event type ordr; did you mean order?');
  expect(result.stderr).toContain('E_UNKNOWN_EVENT_TYPE');
});

test('types says how each is delivered and kept, and counts its rows', async () => {
  await core.post('/v1/events', { type: 'order', id: '1', data: [] });
  const { stdout } = await run(['types']);
  expect(stdout).toMatch(/^TYPE +DELIVERY +KEPT +SCHEMA +ROWS +DESCRIPTION\n/);
  expect(stdout).toMatch(/\nkept +durable +7d, newest 100 +- +0 +-\n/);
  expect(stdout).toMatch(/\ncursorMove +volatile +no +- +- +-\n/);
  expect(stdout).toMatch(/\norder +durable +as \[retention\] +- +1 +-\n/);
  expect(JSON.parse((await run(['types', '--json'])).stdout).types).toContainEqual(
    expect.objectContaining({ name: 'order', rows: 1 }),
  );
});

test('asyncapi prints the document', async () => {
  const { stdout } = await run(['asyncapi']);
  expect(JSON.parse(stdout)).toMatchObject({
    asyncapi: '3.0.0',
    channels: { order: {}, cursorMove: {} },
  });
});

test('tail prints volatile events too, without a place', async () => {
  const tail = run(['tail', 'cursorMove/c1', '-n', '2', '--json']);
  // Until the tail is attached, what is published to it is missed, as is its way.
  let isOver = false;
  void tail.finally(() => {
    isOver = true;
  });
  while (!isOver) {
    await core.post('/v1/events', { type: 'cursorMove', id: 'c1', data: [1] });
    await core.post('/v1/events', { type: 'cursorMove', id: 'other', data: [2] });
  }
  const { stdout } = await tail;
  expect(rows(stdout)).toEqual(
    Array(2).fill({ type: 'cursorMove', id: 'c1', data: [1], at: expect.any(String) }),
  );
});
