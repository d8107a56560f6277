/** `taskbell/client` as another program imports it: the built package, a real service. */

import { spawn } from 'node:child_process';
import { mkdirSync, readFileSync, statSync, symlinkSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { Site } from './daemon.ts';
import { freePort } from './free-port.ts';

const ROOT = path.resolve(import.meta.dirname, '../..');
const site = new Site();

beforeAll(async () => {
  mkdirSync(site.path('node_modules'));
  symlinkSync(ROOT, site.path('node_modules/taskbell'));
  await site.up();
});
afterAll(() => site.dispose());

test('a program adds, waits, lists, cancels, retries, publishes and follows events', async () => {
  site.write(
    'program.mjs',
    `import { connect } from 'taskbell/client';
const client = connect({ socket: ${JSON.stringify(site.socket)} });
const events = client.events({ type: 'issueUpdate' });
await events.attached;
const [first, second] = await client.addMany([{ type: 'echo', payload: 1 }, { type: 'echo', payload: 2, delayMs: 60_000 }]);
const done = await client.wait(first.id);
await client.cancel(second.id);
await client.retry(second.id);
const again = await client.wait(second.id);
await client.publish({ type: 'issueUpdate', id: 'i1', data: [7] });
let heard;
for await (const event of events) { heard = event; break; }
const { jobs } = await client.list({ type: 'echo' });
const shown = await client.get(first.id);
let code;
try { await client.add('nobody'); } catch (error) { code = error.code; }
await client.close();
console.log(JSON.stringify({ done: done.result, again: again.result, heard: heard.data, listed: jobs.length, shown: shown.state, code }));
`,
  );
  const child = spawn(process.execPath, [site.path('program.mjs')], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text;
  });
  // It ends by itself: after close nothing holds the program.
  const exitCode = await new Promise((resolve) => child.once('close', resolve));
  expect(exitCode).toBe(0);
  expect(JSON.parse(output)).toEqual({
    done: 1,
    again: 2,
    heard: [7],
    listed: 2,
    shown: 'succeeded',
    code: 'E_UNKNOWN_TYPE',
  });
});

test.each([1, 2, 3, 200])(
  'a program that adds %i jobs, and closes nothing, ends by itself',
  async (count) => {
    const name = `adds-${count}.mjs`;
    site.write(
      name,
      `import { connect } from 'taskbell/client';
const client = connect({ socket: ${JSON.stringify(site.socket)} });
for (let n = 0; n < ${count}; n += 1) await client.add('echo', n, { queue: 'many-${count}' });
console.log('added');
`,
    );
    const child = spawn(process.execPath, [site.path(name)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    let saidMono = performance.now();
    child.stdout.on('data', () => {
      saidMono = performance.now();
    });
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0);
    // What would hold it is there for ever, or for the 60 s of an answer's time limit.
    expect(performance.now() - saidMono).toBeLessThan(30_000);
    const { jobs } = await site.api.list({ queue: `many-${count}`, limit: 1_000 });
    expect(jobs).toHaveLength(count);
  },
);

test('a handler may use defineJob of the package for its types', async () => {
  site.write(
    'jobs/typed.mjs',
    `import { defineJob } from 'taskbell';
export default defineJob({ retries: 0, run: (payload) => payload.n + 1 });`,
  );
  const { id } = await site.api.add('echo', 'before the restart');
  await site.api.wait(id);
  const { processes } = await site.api.status();
  const executor = processes.find(({ role }) => role === 'executor');
  process.kill(executor?.pid ?? 0, 'SIGKILL');
  const job = await site.api.add('typed', { n: 1 });
  expect(await site.api.wait(job.id)).toMatchObject({ state: 'succeeded', result: 2 });
});

test('the control API over TCP takes the token of the data directory, and nobody without it', async () => {
  const port = await freePort();
  const own = new Site(`[api]\nport = ${port}\n`);
  onTestFinished(() => own.dispose());
  await own.up();
  const url = `http://127.0.0.1:${port}`;
  expect((await fetch(`${url}/v1/status`)).status).toBe(401);
  const token = readFileSync(path.join(own.dataDirectory, 'api-token'), 'utf8').trim();
  const client = connect({ url, token });
  const { id } = await client.add('echo', 'by TCP');
  expect(await client.wait(id)).toMatchObject({ state: 'succeeded', result: 'by TCP' });
  for (let n = 0; n < 50; n += 1) await client.add('echo', n, { queue: 'by-tcp' });
  expect((await client.list({ queue: 'by-tcp', limit: 100 })).jobs).toHaveLength(50);
  await client.close();
  expect(statSync(path.join(own.dataDirectory, 'api-token')).mode & 0o777).toBe(0o600);
});
