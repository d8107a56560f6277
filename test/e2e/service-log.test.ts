/** The log of the service, with readers and disks that fail it: no job waits for it, and nothing piles up. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync, renameSync } from 'node:fs';
import path from 'node:path';
import { afterEach, expect, test } from 'vitest';
import { residentBytes } from '../../src/process/process-memory.ts';
import { Site, until } from './daemon.ts';

const EXECUTABLE = path.resolve(import.meta.dirname, '../../bin/taskbell.js');
const PATIENT_MS = 60_000;
const JOBS = 2_000;

let site: Site;
afterEach(() => site.dispose());

/** Some 100 MB of lines, many times what pipes and processes may hold. */
const CHATTY = `
export default async ({ name }) => {
  for (let n = 0; n < 10; n += 1) {
    console.log(name, n, 'x'.repeat(5000));
    await undefined;
  }
};`;

/** Standard error is a pipe that nobody reads until the test does. */
async function upUnread(): Promise<ChildProcess> {
  const daemon = spawn(process.execPath, [EXECUTABLE, 'up'], {
    cwd: site.directory,
    env: { ...process.env, E2E_SITE: site.directory },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  await works();
  return daemon;
}

/** What it logs cannot be waited for here. */
async function works(): Promise<void> {
  await until(
    async () => {
      const status = await site.api.status().catch(() => undefined);
      return status?.processes.every(({ state }) => state === 'ready') ?? false;
    },
    'the service works',
    PATIENT_MS,
  );
}

async function runAll(): Promise<void> {
  const names = Array.from({ length: JOBS }, (_, n) => ({ name: `job ${n}` }));
  for (let from = 0; from < JOBS; from += 500) {
    await site.api.addMany(
      names.slice(from, from + 500).map((payload) => ({ type: 'chatty', payload })),
    );
  }
  await until(
    async () => (await site.api.status()).jobs.succeeded >= JOBS,
    'all jobs have ended',
    PATIENT_MS,
  );
}

test(
  'jobs end while nobody reads the log, no process grows, and the log says what is missing',
  async () => {
    site = new Site();
    site.write('jobs/chatty.mjs', CHATTY);
    const daemon = await upUnread();
    await runAll();
    for (const pid of site.processes()) {
      // A log that piled up would add those 100 MB several times over, as strings and as buffers.
      expect(residentBytes(pid) ?? 0).toBeLessThan(400 * 1_048_576);
    }
    let text = '';
    daemon.stderr?.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    await until(() => text.includes('log lines were dropped'), 'the count comes', PATIENT_MS);
    const lines = text.split('\n').slice(0, -1);
    const records = lines.filter((line) => line.startsWith('{')).map((line) => JSON.parse(line));
    const told = records.filter(({ msg }) => msg === 'log lines were dropped');
    expect(told[0]).toMatchObject({ level: 40, because: 'nobody reads it fast enough' });
    const ended = new Promise((resolve) => daemon.once('exit', resolve));
    daemon.kill('SIGTERM');
    expect(await ended).toBe(0);
  },
  3 * PATIENT_MS,
);

test(
  'a full disk under the log file stops no job',
  async () => {
    site = new Site();
    site.write('jobs/chatty.mjs', CHATTY);
    const daemon = site.start(['up', '--set', 'daemon.logFile=/dev/full']);
    await works();
    const { id } = await site.api.add('chatty', { name: 'one' });
    expect(await site.api.wait(id)).toMatchObject({ state: 'succeeded' });
    expect(await daemon.stop()).toBe(0);
  },
  PATIENT_MS,
);

/** Prints in pieces, out of a timer and by a program of its own. */
const PRINTER = `
import { spawnSync } from 'node:child_process';
export default async ({ name, others }, ctx) => {
  console.log('first of', name);
  await new Promise((resolve) => setTimeout(resolve, 5));
  process.stderr.write('a line ');
  setTimeout(() => process.stderr.write('in pieces of ' + name + '\\n'), 1);
  await new Promise((resolve) => setTimeout(resolve, 20));
  spawnSync('echo', ['from a program'], { stdio: 'inherit' });
  process.stdout.write('unended of ' + name);
};`;

interface LogRecord {
  readonly msg: string;
  readonly job?: string;
  readonly attempt?: number;
  readonly type?: string;
  readonly stream?: string;
  readonly line?: string;
}

test(
  'the log file is put aside, opened anew on SIGUSR2, and tells which attempt printed a line',
  async () => {
    site = new Site();
    site.write('jobs/printer.mjs', PRINTER);
    site.write('jobs/alone.mjs', PRINTER);
    site.write('jobs/chatty.mjs', CHATTY);
    const section = '[job:alone]\nisolate = process\n';
    site.configure(section);
    const file = site.path('service.log');
    const daemon = site.start([
      'up',
      ...['--set', `daemon.logFile=${file}`, '--set', 'daemon.logFileSize=65536'],
      ...['--set', 'daemon.logFiles=1000'],
    ]);
    await works();
    const read = (...names: readonly string[]): readonly LogRecord[] =>
      names
        .flatMap((name) => readFileSync(name, 'utf8').trimEnd().split('\n'))
        .map((line) => JSON.parse(line) as LogRecord);

    // The first prints teach the executor to tell attempts that run side by side apart.
    const alone = await site.api.add('printer', { name: 'p0' });
    await site.api.wait(alone.id);
    const added = await Promise.all(
      ['p1', 'p2', 'p3'].map((name) => site.api.add('printer', { name })),
    );
    const isolated = await site.api.add('alone', { name: 'p4' });
    for (const { id } of [...added, isolated]) await site.api.wait(id);
    const wanted = 'unended of p4';
    await until(() => readFileSync(file, 'utf8').includes(wanted), 'the last line', PATIENT_MS);
    const printed = read(file).filter(({ msg, job }) => msg === 'output' && job !== undefined);
    for (const [n, { id }] of [alone, ...added, isolated].entries()) {
      const type = n === 4 ? 'alone' : 'printer';
      const facts = { job: id, attempt: 1, type };
      expect(printed).toEqual(
        expect.arrayContaining([
          expect.objectContaining({ ...facts, stream: 'stdout', line: `first of p${n}` }),
          expect.objectContaining({
            ...facts,
            stream: 'stderr',
            line: `a line in pieces of p${n}`,
          }),
          expect.objectContaining({ ...facts, stream: 'stdout', line: `unended of p${n}` }),
        ]),
      );
      expect(printed.filter(({ job }) => job === id)).toHaveLength(n === 4 ? 4 : 3);
    }
    // A program that a handler starts writes past it: the line is there, without its attempt.
    expect(read(file)).toContainEqual(
      expect.objectContaining({ msg: 'output', line: 'from a program' }),
    );

    renameSync(file, `${file}.moved`);
    daemon.signal('SIGUSR2');
    await until(
      () => {
        try {
          return readFileSync(file, 'utf8').includes('opened anew');
        } catch {
          return false;
        }
      },
      'a new file',
      PATIENT_MS,
    );

    const { id } = await site.api.add('chatty', { name: 'much' });
    for (let n = 0; n < 3; n += 1) await site.api.add('chatty', { name: `more ${n}` });
    await site.api.wait(id);
    await until(
      () => {
        try {
          return read(`${file}.1`).some(({ msg }) => msg === 'output');
        } catch {
          return false;
        }
      },
      'a file is put aside',
      PATIENT_MS,
    );
    // Nothing was written where it should not be.
    expect(daemon.output).toBe('');
  },
  2 * PATIENT_MS,
);
