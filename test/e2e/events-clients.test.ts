/** `taskbell/events` in Node, and its like in Python, against the real daemon whose gateway dies. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { connect, type PublishedEvent } from '../../src/events-client/events.ts';
import { type Daemon, Site } from './daemon.ts';
import { freePort } from './free-port.ts';

const CLIENT = path.resolve(
  import.meta.dirname,
  '../../examples/clients/python/taskbell_events.py',
);
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('no python3 here: the client in Python is not tested\n');

const KEYS = '[auth]\npublicKeyFile = ./keys/public.pem\nprivateKeyFile = ./keys/private.pem\n';
const POLL = { timeout: 60_000, interval: 50 };

let site: Site;
let daemon: Daemon;
let token: string;
let port: number;
const children: ChildProcess[] = [];
beforeAll(async () => {
  // The one that it comes back on.
  port = await freePort();
  const listen = `[webSocketEvents]\naddress = 127.0.0.1\nport = ${port}\n`;
  site = new Site(KEYS + listen);
  await site.json('init');
  daemon = await site.up();
  token = (await site.json('token', 'issue', '--user', 'u1')).token;
});
afterAll(async () => {
  for (const child of children) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    const gone = once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  await site.dispose();
});

async function publish(type: string, count: number): Promise<void> {
  for (let number = 0; number < count; number += 1) {
    await site.api.publish({ type, id: `p.${number % 3}`, data: [number] });
  }
}

/** As the log has them. */
async function logOf(type: string, since = '0'): Promise<unknown[]> {
  const { events } = await site.api.eventPage({ since, type, limit: 1_000 });
  return [...events];
}

async function killGateway(): Promise<void> {
  process.kill(await daemon.pidOf('gateway'), 'SIGKILL');
}

describe('a client in Node', { timeout: 90_000 }, () => {
  it('hears what the log has while the gateway is killed, and the ends of jobs', async () => {
    const url = `ws://127.0.0.1:${port}/ws`;
    const events = connect({ url, token, WebSocket, minDelayMs: 20, maxDelayMs: 500 });
    const statuses: string[] = [];
    events.onStatus(({ status }) => statuses.push(status));
    try {
      const all: PublishedEvent[] = [];
      const some: PublishedEvent[] = [];
      const whole = events.attach({ type: 'issueUpdate', id: '*' }, (event) => all.push(event));
      const part = events.attach({ type: 'issueUpdate', id: 'p.1' }, (event) => some.push(event));
      await Promise.all([whole.attached, part.attached]);
      await publish('issueUpdate', 50);
      await killGateway();
      await publish('issueUpdate', 50);
      const log = (await logOf('issueUpdate')) as PublishedEvent[];
      await expect.poll(() => all.length, POLL).toBeGreaterThanOrEqual(100);
      await expect.poll(() => some.at(-1)?.seq, POLL).toBe(log.findLast(isPart)?.seq);
      expect(statuses).toContain('waiting');
      expect(all).toEqual(log);
      expect(some).toEqual(log.filter(isPart));
      const { id } = await site.api.add('echo', {});
      const [coming] = await Promise.all([events.waitForJob(id), site.api.wait(id)]);
      expect(coming.state).toBe('succeeded');
      expect(await events.waitForJob(id)).toEqual(coming);
    } finally {
      events.close();
    }
  });
});

function isPart({ id }: PublishedEvent): boolean {
  return id === 'p.1';
}

describe.skipIf(!hasPython)('the client in Python', { timeout: 90_000 }, () => {
  function start(...words: string[]): { child: ChildProcess; lines: string[] } {
    const child = spawn('python3', ['-B', CLIENT, `http://127.0.0.1:${port}`, ...words], {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, TASKBELL_TOKEN: token },
    });
    children.push(child);
    const lines: string[] = [];
    if (child.stdout !== null) createInterface(child.stdout).on('line', (line) => lines.push(line));
    return { child, lines };
  }

  const eventsOf = (lines: readonly string[]): Record<string, unknown>[] =>
    lines.map((line) => JSON.parse(line));

  it('goes on where it stood, after its gateway was killed and in another process', async () => {
    await publish('datasetUpdate', 1);
    const { epoch } = await site.api.eventPage({ since: '0' });
    const first = start('follow', 'datasetUpdate/*', '--since', '0', epoch);
    await expect.poll(() => first.lines.length, POLL).toBe(1);
    await killGateway();
    await publish('datasetUpdate', 20);
    await expect.poll(() => first.lines.length, POLL).toBe(21);
    const log = await logOf('datasetUpdate');
    expect(eventsOf(first.lines)).toEqual(log.map((event) => ({ ...(event as object), epoch })));
    const [tenth] = eventsOf(first.lines).slice(9);
    const second = start('follow', 'datasetUpdate/*', '--since', String(tenth?.seq), epoch);
    await expect.poll(() => second.lines.length, POLL).toBe(11);
    expect(second.lines).toEqual(first.lines.slice(10));
  });

  it('waits for a job, and exits with 0 only if it was a good end', async () => {
    const { id } = await site.api.add('echo', {});
    const { child, lines } = start('wait', id);
    const [code] = await once(child, 'close');
    expect(code).toBe(0);
    expect(eventsOf(lines)).toMatchObject([{ state: 'succeeded', type: 'echo' }]);
  });
});
