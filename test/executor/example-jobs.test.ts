import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Ending, Run } from '../../src/executor/handler.ts';
import { loadModuleHandler } from '../../src/executor/module-handler.ts';
import type { Json } from '../../src/protocol/json.ts';
import { assignment } from './test-core.ts';

const examples = path.resolve(import.meta.dirname, '../../examples');

let place: string;
let events: unknown[];
beforeEach(() => {
  place = mkdtempSync(path.join(os.tmpdir(), 'taskbell-examples-'));
  events = [];
});
afterEach(() => rmSync(place, { recursive: true }));

async function runExample(
  type: string,
  payload: Json,
  signal: AbortSignal = new AbortController().signal,
): Promise<Ending> {
  const handler = await loadModuleHandler(type, path.join(examples, 'jobs', `${type}.mjs`));
  const sink: Run['sink'] = {
    progress: () => {},
    log: () => {},
    emit: (event) => events.push(event),
    spawned: () => {},
  };
  return handler.run({ assignment: assignment({ type, payload }), signal, sink });
}

describe('import-csv', () => {
  it('imports the sample table and tells of the data set and the file', async () => {
    const file = path.join(examples, 'data', 'seattle-weather.csv');
    const output = path.join(place, 'deep', 'weather.jsonl');
    const columns = ['date', 'precipitation', 'temp_max', 'temp_min', 'wind', 'weather'];
    expect(await runExample('import-csv', { file, output, dataset: 'weather' })).toEqual({
      kind: 'succeeded',
      result: { rows: 1461, columns },
    });
    const lines = readFileSync(output, 'utf8').trim().split('\n');
    expect(lines).toHaveLength(1461);
    expect(JSON.parse(lines[1] ?? '')).toEqual({
      date: '2012-01-02',
      precipitation: 10.9,
      temp_max: 10.6,
      temp_min: 2.8,
      wind: 4.5,
      weather: 'rain',
    });
    expect(events).toEqual([
      { type: 'datasetUpdate', id: 'weather', data: [{ rows: 1461, columns }] },
      { type: 'uploadFile', id: 'seattle-weather.csv', data: [{ rows: 1461 }] },
    ]);
  });

  it('reads quotes, commas and line breaks inside of fields, CRLF and a byte order mark', async () => {
    const file = path.join(place, 'in.csv');
    const output = path.join(place, 'out.jsonl');
    writeFileSync(file, '\uFEFFa,b,c\r\n1,"x, ""y""\nz",\r\n"",-2.5,"q"');
    await runExample('import-csv', { file, output, dataset: 'd' });
    const rows = readFileSync(output, 'utf8')
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line));
    expect(rows).toEqual([
      { a: 1, b: 'x, "y"\nz', c: null },
      { a: null, b: -2.5, c: 'q' },
    ]);
  });

  it.each([
    ['a,b\n1\n', /row 1: expected 2 fields, got 1/],
    ['', /expected a header row/],
    ['a\n"b', /inside a quoted field/],
  ])('refuses %j for good and leaves nothing behind', async (text, message) => {
    const file = path.join(place, 'in.csv');
    writeFileSync(file, text);
    const ending = await runExample('import-csv', {
      file,
      output: path.join(place, 'out'),
      dataset: 'd',
    });
    expect(ending).toMatchObject({ kind: 'failed', retryable: false });
    expect(ending.kind === 'failed' && ending.error.message).toMatch(message);
    expect(readdirSync(place)).toEqual(['in.csv']);
  });
});

describe.runIf(existsSync('/proc/self/fd'))('import-csv that can write no draft', () => {
  it('fails and leaves no file open (needs Linux: /proc)', async () => {
    const file = path.join(place, 'in.csv');
    writeFileSync(file, 'a,b\n1,2\n');
    const output = path.join(place, 'x'.repeat(255));
    const ending = await runExample('import-csv', { file, output, dataset: 'd' });
    expect(ending.kind === 'failed' && ending.error.message).toMatch(/^ENAMETOOLONG/);
    expect(openFiles()).not.toContain(file);
  });
});

function openFiles(): readonly (string | undefined)[] {
  return readdirSync('/proc/self/fd').map((fd) => {
    try {
      return readlinkSync(`/proc/self/fd/${fd}`);
    } catch {
      // The one that the listing itself had open.
      return undefined;
    }
  });
}

describe('build-report', () => {
  it('writes a row for each month of the data set', async () => {
    const input = path.join(place, 'weather.jsonl');
    const file = path.join(examples, 'data', 'seattle-weather.csv');
    await runExample('import-csv', { file, output: input, dataset: 'weather' });
    events = [];
    const markdown = path.join(place, 'weather.md');
    const ending = await runExample('build-report', {
      input,
      output: markdown,
      dataset: 'weather',
    });
    expect(ending).toMatchObject({ kind: 'succeeded', result: { months: 48, rows: 1461 } });
    const text = readFileSync(markdown, 'utf8');
    expect(text).toContain('| 2012-01 | 31 | ');
    expect(text.match(/^\| 20/gm)).toHaveLength(48);
    expect(events).toMatchObject([{ type: 'downloadFile', id: 'weather.md' }]);
    const csv = path.join(place, 'weather.csv');
    await runExample('build-report', { input, output: csv, dataset: 'weather' });
    expect(readFileSync(csv, 'utf8').split('\n')[0]).toMatch(/^month,rows,precipitation mean,/);
  });
});

describe('the other examples', () => {
  it('insignia_background_processing hashes each request', async () => {
    const requests = [
      { id: 'a', body: '1' },
      { id: 'b', body: '2' },
    ];
    const ending = await runExample('insignia_background_processing', { requests });
    expect(ending).toMatchObject({
      kind: 'succeeded',
      result: {
        processed: [{ id: 'a', digest: expect.stringMatching(/^[0-9a-f]{64}$/) }, { id: 'b' }],
      },
    });
  });

  it('flaky-export fails with the real connection error', async () => {
    const ending = await runExample('flaky-export', {});
    expect(ending).toMatchObject({ kind: 'failed', retryable: true });
    expect(ending.kind === 'failed' && ending.error.message).toMatch(
      /^connect ECONNREFUSED 127\.0\.0\.1:\d+$/,
    );
  });

  it('slow-count counts, and ends at once when it is aborted', async () => {
    expect(await runExample('slow-count', { to: 2 })).toEqual({
      kind: 'succeeded',
      result: { counted: 2 },
    });
    const controller = new AbortController();
    const ending = runExample('slow-count', { to: 10_000 }, controller.signal);
    controller.abort(new Error('enough'));
    expect(await ending).toMatchObject({ kind: 'failed' });
  });
});
