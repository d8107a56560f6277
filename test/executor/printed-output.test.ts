import { PassThrough } from 'node:stream';
import { setTimeout as delay } from 'node:timers/promises';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MAX_LOG_LENGTH } from '../../src/executor/attempt-log.ts';
import { PrintedOutput } from '../../src/executor/printed-output.ts';
import type { Assignment } from '../../src/protocol/execute.ts';

interface Line {
  readonly level: number;
  readonly msg: string;
  readonly [fact: string]: unknown;
}

let lines: Line[];
let running: Assignment[];
let printed: PrintedOutput;
let giveBack: () => void;

beforeEach(() => {
  lines = [];
  running = [];
  const write = (line: string) => void lines.push(JSON.parse(line));
  printed = new PrintedOutput(pino({ base: {} }, { write }), () => running);
  giveBack = () => {};
});

afterEach(() => giveBack());

/** What the output asks of it. */
function assignmentOf(id: string): Assignment {
  return { id, attempt: 1, type: 'chatty' } as Assignment;
}

const facts = () => lines.map(({ job, stream, line }) => [job, stream, line]);

describe('what handlers print', () => {
  it('goes to the log by its lines, with the one attempt that runs, and calls back', async () => {
    running = [assignmentOf('7')];
    giveBack = printed.capture();
    process.stdout.write('one\ntw');
    await new Promise<void>((resolve) => process.stdout.write(Buffer.from('o\n'), () => resolve()));
    await new Promise<void>((resolve) =>
      process.stderr.write('6f6f70730a', 'hex', () => resolve()),
    );
    giveBack();
    expect(facts()).toEqual([
      ['7', 'stdout', 'one'],
      ['7', 'stdout', 'two'],
      ['7', 'stderr', 'oops'],
    ]);
  });

  it("is nobody's while several run and none was followed, and then of whom it is", async () => {
    running = [assignmentOf('1'), assignmentOf('2')];
    giveBack = printed.capture();
    process.stdout.write('unknown\n');
    const said = running.map(
      (one) =>
        new Promise<void>((resolve) => {
          printed.run(one, async () => {
            await delay(1);
            process.stdout.write(`of ${one.id}\n`);
            resolve();
          });
        }),
    );
    await Promise.all(said);
    giveBack();
    expect(facts()[0]).toEqual([undefined, 'stdout', 'unknown']);
    expect(facts().slice(1).toSorted()).toEqual([
      ['1', 'stdout', 'of 1'],
      ['2', 'stdout', 'of 2'],
    ]);
  });

  it('is told of up to the limit of an attempt, and then once that there is more', () => {
    const [first, second] = [assignmentOf('1'), assignmentOf('2')];
    running = [first];
    giveBack = printed.capture();
    for (let n = 0; n < MAX_LOG_LENGTH / 1_000 + 10; n += 1) {
      process.stdout.write(`${'x'.repeat(999)}\n`);
    }
    running = [second];
    process.stdout.write('of another\n');
    giveBack();
    const told = lines.filter(({ job }) => job === '1');
    expect(told).toHaveLength(Math.floor(MAX_LOG_LENGTH / 1_000) + 1);
    expect(told.filter(({ level }) => level === 40)).toEqual([told.at(-1)]);
    expect(lines.at(-1)).toMatchObject({ job: '2', line: 'of another' });
  });

  it('in a process of its own, ends with its last line, which had no end', async () => {
    const one = assignmentOf('1');
    const [stdout, stderr] = [new PassThrough(), new PassThrough()];
    printed.read(one, { stdout, stderr });
    stdout.end('first\nlast');
    stderr.end();
    await new Promise((resolve) => stdout.once('end', resolve));
    expect(facts()).toEqual([['1', 'stdout', 'first']]);
    printed.ended(one);
    expect(facts().at(-1)).toEqual(['1', 'stdout', 'last']);
  });
});
