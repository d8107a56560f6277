/** The receiver of docs/handlers.md, as it stands there, against a web hook of ours. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { createWebhookHandler } from '../../src/executor/webhook-handler.ts';
import { resolveHost } from '../../src/executor/webhook-request.ts';
import { assignment } from './test-core.ts';

const DOCS = path.resolve(import.meta.dirname, '../../docs/handlers.md');
const directory = mkdtempSync(path.join(os.tmpdir(), 'taskbell-receiver-'));
const secretOf = (byte: number) => `whsec_${Buffer.alloc(32, byte).toString('base64')}`;
let port: number;
let end: () => Promise<void>;

beforeAll(async () => {
  const [, source = ''] =
    /```js\n([^`]*createHmac[\s\S]*?)```/.exec(readFileSync(DOCS, 'utf8')) ?? [];
  const file = path.join(directory, 'receiver.mjs');
  const listening = `.listen(0, '127.0.0.1', function () { console.log(this.address().port); })`;
  expect(source).toContain('.listen(8080)');
  writeFileSync(file, source.replace('.listen(8080)', listening));
  const child = spawn(process.execPath, [file], {
    env: { ...process.env, HOOK_SECRET: secretOf(1) },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  end = async () => {
    if (child.exitCode !== null) return;
    child.kill('SIGKILL');
    await once(child, 'exit');
  };
  const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
  port = Number(line);
});

afterAll(async () => {
  await end();
  rmSync(directory, { recursive: true });
});

async function call(secrets: string, now: number) {
  const secretFile = path.join(directory, 'secret');
  writeFileSync(secretFile, secrets);
  const hook = {
    ...{ name: 'notify', url: `http://127.0.0.1:${port}/`, secretFile, header: {} },
    allowPrivateHosts: ['127.0.0.1'],
  };
  const ignore = () => undefined;
  return createWebhookHandler(hook, { resolve: resolveHost, now: () => now }).run({
    assignment: assignment({ type: 'notify', payload: { to: 'Åda' } }),
    signal: new AbortController().signal,
    sink: { progress: ignore, log: ignore, emit: ignore, spawned: ignore },
  });
}

test('it takes what is signed with its secret, also while another takes the place of that', async () => {
  const taken = { kind: 'succeeded', result: { ok: true } };
  expect(await call(secretOf(1), Date.now())).toEqual(taken);
  expect(await call(`${secretOf(2)} ${secretOf(1)}`, Date.now())).toEqual(taken);
});

test('it refuses what is signed with another secret, and what was signed long ago', async () => {
  const refused = { kind: 'failed', error: { message: 'web hook answered 401 Unauthorized' } };
  expect(await call(secretOf(2), Date.now())).toMatchObject(refused);
  expect(await call(secretOf(1), Date.now() - 3_600_000)).toMatchObject(refused);
});
