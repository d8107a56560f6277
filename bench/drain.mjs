#!/usr/bin/env node
/**
 * How fast a real daemon drains no-op jobs: 50,000 of them, added while the queue is paused, then
 * resumed. Everything is as a user has it: control socket, commit with fsync, executor process.
 *
 *   node bench/drain.mjs [--jobs 50000] [--concurrency 256] [--processes 1]
 *
 * A figure of one machine on one day: compare only runs made side by side.
 */
import { spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import { connect } from '../dist/client/client.js';

const { values } = parseArgs({
  options: {
    jobs: { type: 'string', default: '50000' },
    concurrency: { type: 'string', default: '256' },
    processes: { type: 'string', default: '1' },
  },
});
const jobs = Number(values.jobs);
const CHUNK = 1_000;

const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-drain-'));
mkdirSync(path.join(directory, 'jobs'));
writeFileSync(path.join(directory, 'jobs', 'noop.mjs'), 'export default () => null;\n');
writeFileSync(
  path.join(directory, 'config.ini'),
  `[daemon]
dataDirectory = ./data
logLevel = warn
[worker]
concurrency = ${values.concurrency}
processes = ${values.processes}
[webSocketEvents]
address = 127.0.0.1
port = 0
`,
);
const daemon = spawn(
  process.execPath,
  [path.join(import.meta.dirname, '../bin/taskbell.js'), 'up', '--config', 'config.ini'],
  { cwd: directory, stdio: ['ignore', 'ignore', 'inherit'] },
);
const client = connect({ socket: path.join(directory, 'data', 'control.sock') });

try {
  await until(async () => (await client.status()).ready);
  const idleRss = await residentMiB();
  await client.pauseQueue('default');
  const payload = { text: 'x'.repeat(80) };
  const addedIn = await timed(async () => {
    for (let sent = 0; sent < jobs; sent += CHUNK) {
      await client.addMany(Array.from({ length: CHUNK }, () => ({ type: 'noop', payload })));
    }
  });
  const cpuBefore = await cpuMs();
  const drainedIn = await timed(async () => {
    await client.resumeQueue('default');
    await until(async () => (await client.status()).jobs.succeeded >= jobs, 20);
  });
  console.log(`added    ${jobs} jobs in chunks of ${CHUNK}: ${rate(addedIn)} jobs/s`);
  console.log(`drained  ${jobs} jobs: ${rate(drainedIn)} jobs/s (${Math.round(drainedIn)} ms)`);
  for (const [role, ms] of Object.entries(await cpuMs())) {
    console.log(
      `cpu      ${role}: ${Math.round(((ms - cpuBefore[role]) * 1_000) / jobs)} us a job`,
    );
  }
  console.log(`resident ${idleRss} MiB idle, ${await residentMiB()} MiB after the drain`);
} finally {
  await client.close();
  daemon.kill('SIGTERM');
  await new Promise((resolve) => daemon.once('exit', resolve));
  rmSync(directory, { recursive: true, force: true });
}

async function timed(work) {
  const startedMono = performance.now();
  await work();
  return performance.now() - startedMono;
}

function rate(ms) {
  return Math.round(jobs / (ms / 1_000)).toLocaleString('en');
}

async function until(condition, everyMs = 50) {
  for (;;) {
    if (await condition().catch(() => false)) return;
    await delay(everyMs);
  }
}

/** User and system time so far of each role, from /proc/PID/stat (100 ticks a second). */
async function cpuMs() {
  const { processes } = await client.status();
  return Object.fromEntries(
    processes.map(({ role, pid }) => {
      const stat = readFileSync(`/proc/${pid}/stat`, 'latin1');
      const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      return [role, (Number(fields[11]) + Number(fields[12])) * 10];
    }),
  );
}

/** The resident memory of the whole process tree, as status lists it. */
async function residentMiB() {
  const { processes } = await client.status();
  const bytes = processes.map(({ pid }) => {
    const status = readFileSync(`/proc/${pid}/status`, 'utf8');
    return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
  });
  return Math.round(bytes.reduce((sum, each) => sum + each, 0) / 1_048_576);
}
