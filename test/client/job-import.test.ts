import { describe, expect, it } from 'vitest';
import { type ImportLine, ImportStopped, importLines } from '../../src/client/job-import.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import type { AddedJob } from '../../src/protocol/jobs.ts';

async function* lines(
  count: number,
  breakAt = Number.POSITIVE_INFINITY,
): AsyncGenerator<ImportLine> {
  for (let n = 1; n <= count; n += 1) {
    if (n === breakAt) throw new TaskbellError('E_INVALID_JSON', `line ${n} is no JSON`);
    yield { n, text: `{"type":"mail","payload":${n}}` };
  }
}

interface Chunk {
  readonly key: string;
  readonly payloads: readonly number[];
}

/** A daemon that takes each key once. */
class Taker {
  readonly chunks: Chunk[] = [];
  readonly taken = new Set<string>();
  underWay = 0;
  most = 0;
  refuse: (payloads: readonly number[]) => Error | undefined = () => undefined;

  readonly send = async (body: string, key: string) => {
    this.underWay += 1;
    this.most = Math.max(this.most, this.underWay);
    await new Promise((resolve) => setImmediate(resolve));
    this.underWay -= 1;
    const payloads = (JSON.parse(body) as { payload: number }[]).map(({ payload }) => payload);
    const problem = this.refuse(payloads);
    if (problem !== undefined) throw problem;
    const repeated = this.taken.has(key);
    this.taken.add(key);
    if (!repeated) this.chunks.push({ key, payloads });
    const createdAt = new Date(repeated ? 0 : Date.now() + 1_000).toISOString();
    return payloads.map((n) => ({ id: String(n), duplicate: n === 13, createdAt }) as AddedJob);
  };
}

const range = (from: number, to: number) =>
  Array.from({ length: to - from + 1 }, (_, index) => from + index);

async function stopped(work: Promise<unknown>): Promise<ImportStopped> {
  const error = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(ImportStopped);
  return error as ImportStopped;
}

describe('an import', () => {
  it('sends chunks in order, two under way at the most, and tells how far it is', async () => {
    const taker = new Taker();
    const told: number[] = [];
    const onProgress = ({ jobs }: { jobs: number }) => void told.push(jobs);
    const summary = await importLines(lines(25), taker.send, { chunk: 10, onProgress });
    expect(taker.chunks.map(({ payloads }) => payloads)).toEqual([
      ...[range(1, 10), range(11, 20), range(21, 25)],
    ]);
    expect(taker.most).toBe(2);
    expect(told).toEqual([10, 20, 25]);
    expect(summary).toEqual({ jobs: 25, duplicates: 1, repeated: 0 });
  });

  it('of the same jobs uses the same keys, and other ones under another name', async () => {
    const taker = new Taker();
    await importLines(lines(25), taker.send, { chunk: 10 });
    const again = await importLines(lines(25), taker.send, { chunk: 10 });
    expect(again).toMatchObject({ jobs: 25, repeated: 24 });
    expect(taker.chunks).toHaveLength(3);
    await importLines(lines(25), taker.send, { chunk: 10, importId: 'second' });
    expect(taker.chunks).toHaveLength(6);
  });

  it('says where to go on after a refusal; from there nothing is added twice', async () => {
    const taker = new Taker();
    taker.refuse = (payloads) =>
      payloads.includes(15) ? new TaskbellError('E_UNKNOWN_TYPE', 'no such type') : undefined;
    const error = await stopped(importLines(lines(100), taker.send, { chunk: 10 }));
    expect(error).toMatchObject({ code: 'E_UNKNOWN_TYPE', resumeFrom: 11 });
    expect(error.message).toContain('no such type');
    taker.refuse = () => undefined;
    const rest = async function* () {
      for await (const line of lines(100)) if (line.n >= error.resumeFrom) yield line;
    };
    await importLines(rest(), taker.send, { chunk: 10 });
    expect(taker.chunks.flatMap(({ payloads }) => payloads).sort((a, b) => a - b)).toEqual(
      range(1, 100),
    );
  });

  it('adds nothing of the chunk whose line is broken, and all before it', async () => {
    const taker = new Taker();
    const error = await stopped(importLines(lines(100, 17), taker.send, { chunk: 10 }));
    expect(error).toMatchObject({ code: 'E_INVALID_JSON', resumeFrom: 11 });
    expect(taker.chunks.flatMap(({ payloads }) => payloads)).toEqual(range(1, 10));
  });

  it('whose first line of a chunk is broken goes on with that chunk', async () => {
    const taker = new Taker();
    const error = await stopped(importLines(lines(100, 21), taker.send, { chunk: 10 }));
    expect(error.resumeFrom).toBe(21);
    expect(taker.chunks.flatMap(({ payloads }) => payloads)).toEqual(range(1, 20));
  });

  it('names the earliest of two chunks that failed', async () => {
    const taker = new Taker();
    taker.refuse = () => new TaskbellError('E_DAEMON_UNREACHABLE', 'gone');
    const error = await stopped(importLines(lines(100), taker.send, { chunk: 10 }));
    expect(error.resumeFrom).toBe(1);
  });

  it('stops between two chunks when it is aborted', async () => {
    const taker = new Taker();
    const abort = new AbortController();
    const onProgress = () => abort.abort(new Error('enough'));
    const work = importLines(lines(1_000), taker.send, {
      ...{ chunk: 10, onProgress, signal: abort.signal },
    });
    const error = await stopped(work);
    expect(error.message).toBe('enough');
    const added = taker.chunks.flatMap(({ payloads }) => payloads);
    expect(added).toEqual(range(1, error.resumeFrom - 1));
    expect(added.length).toBeLessThan(100);
  });

  it('cuts a chunk short where its lines are long', async () => {
    const sizes: number[] = [];
    const long = async function* () {
      for (let n = 1; n <= 30; n += 1) yield { n, text: `"${'x'.repeat(1_000_000)}"` };
    };
    await importLines(
      long(),
      async (body) => {
        sizes.push(body.length);
        return [];
      },
      { chunk: 1_000 },
    );
    expect(sizes.length).toBeGreaterThan(3);
    expect(Math.max(...sizes)).toBeLessThan(9_000_000);
  });

  it.each([0, 10_001, 1.5])('refuses chunks of %s', async (chunk) => {
    await expect(importLines(lines(1), new Taker().send, { chunk })).rejects.toThrow('1 to 10000');
  });
});
