import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { io } from 'socket.io-client';
import { expect, onTestFinished, test } from 'vitest';
import { createFixture, eventually } from './client-fixture.ts';

const SERVER = fileURLToPath(new URL('../../examples/receiver/server.mjs', import.meta.url));

async function startExample(): Promise<{ origin: string; output: () => string }> {
  const child = spawn(process.execPath, [SERVER], {
    env: { ...process.env, PORT: '0', REPORT_TOKEN: 'ours' },
  });
  let output = '';
  child.stdout.on('data', (chunk) => {
    output += chunk;
  });
  child.stderr.on('data', (chunk) => {
    output += chunk;
  });
  onTestFinished(async () => {
    child.kill();
    if (child.exitCode === null && child.signalCode === null) await once(child, 'exit');
  });
  await eventually(() => /http:\S+\/taskbell/.test(output));
  return { origin: new URL(/http:\S+/.exec(output)?.[0] ?? '').origin, output: () => output };
}

test('the example receiver takes reports, drops repeats and rings the browsers of the user', async () => {
  const { origin, output } = await startExample();
  const browser = io(origin, { path: '/api/v1/org-socket', auth: { userId: 'user-1' } });
  onTestFinished(() => {
    browser.close();
  });
  const rung: unknown[] = [];
  browser.on('task', (report) => rung.push(report));
  await once(browser as never, 'connect');
  const settings = {
    url: `${origin}/taskbell`,
    path: '/api/v1/org-socket',
    auth: { token: 'ours' },
    acknowledge: 'required',
  } as const;
  for (const fixture of [createFixture(settings), createFixture(settings)]) {
    onTestFinished(() => fixture.stop());
    await fixture.client.start();
    fixture.source.addEnds(2);
    await eventually(async () => (await fixture.source.cursor()) === '2');
  }
  await eventually(() => rung.length > 0);
  expect(rung).toEqual([expect.objectContaining({ success: true, message: 'Task Finish' })]);
  expect(output().match(/Task Finish: demo in 1234.56 ms for user-1/g)).toHaveLength(1);
});

test('the example receiver refuses a wrong token', async () => {
  const { origin } = await startExample();
  const fixture = createFixture({ url: `${origin}/taskbell`, path: '/api/v1/org-socket' });
  onTestFinished(() => fixture.stop());
  await fixture.client.start();
  await eventually(async () => (await fixture.client.status()).lastError === 'wrong token');
});
