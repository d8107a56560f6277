/** An executor in another language, the example in Python, against the real daemon. */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type WebSocket, WebSocketServer } from 'ws';
import { outcomes, Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';

const CLIENTS = path.resolve(import.meta.dirname, '../../examples/clients/python');
const hasPython = spawnSync('python3', ['--version']).status === 0;
if (!hasPython) process.stderr.write('no python3 here: the executor in Python is not tested\n');

/** `gate` waits for a file or for its stop, and says in `trace` what it sees. */
const PROGRAM = `import os, sys, time
sys.path.insert(0, ${JSON.stringify(CLIENTS)})
from taskbell_executor import Executor, job
from wordcount import wordcount

def trace(*words):
    with open("py.trace", "a") as file: file.write(" ".join(map(str, words)) + "\\n")

@job("pygate", retries=1)
def gate(payload, attempt):
    trace("start", attempt.fence["id"], attempt.fence["attempt"], os.getpid())
    while not os.path.exists(payload["file"]):
        if attempt.stop.wait(0.02):
            trace("stop", attempt.fence["id"], attempt.verdict)
            raise InterruptedError("stopped")
    return {"by": os.getpid()}

@job("pyhuge", retries=0)
def huge(payload, attempt):
    return "x" * (65 << 20)

@job("pydeaf", retries=0)
def deaf(payload, attempt):
    trace("deaf", attempt.fence["id"], os.getpid())
    while True: time.sleep(0.1)

Executor(sys.argv[1], token=os.environ.get("TASKBELL_API_TOKEN"), slots=4).run()
`;

let site: Site;
const children: ChildProcess[] = [];
afterEach(async () => {
  for (const child of children.splice(0)) {
    const isGone = child.exitCode !== null || child.signalCode !== null;
    const gone = isGone ? undefined : once(child, 'exit');
    child.kill('SIGKILL');
    await gone;
  }
  await site.dispose();
});

function spawnPython(address: string, token?: string): ChildProcess {
  const env = token === undefined ? {} : { TASKBELL_API_TOKEN: token };
  const child = spawn('python3', ['-B', site.write('program.py', PROGRAM), address], {
    cwd: site.directory,
    env: { PATH: process.env.PATH, ...env },
    stdio: ['ignore', 'ignore', 'pipe'],
  });
  children.push(child);
  return child;
}

/** Starts one and resolves when it is known to the core. */
async function python(address = site.socket, token?: string): Promise<ChildProcess> {
  const child = spawnPython(address, token);
  const isIt = ({ executor }: { executor: string }) => executor.startsWith(`py-${child.pid}-`);
  const isHere = async () => (await site.api.workers()).some(isIt);
  await until(isHere, 'the executor in Python', 30_000);
  return child;
}

async function refused(address: string, token: string): Promise<void> {
  const child = spawnPython(address, token);
  let words = '';
  child.stderr?.setEncoding('utf8').on('data', (text: string) => {
    words += text;
  });
  expect(await once(child, 'close')).toEqual([1, null]);
  expect(words).toContain('refused: HTTP/1.1 401 Unauthorized');
}

const traced = (...words: readonly unknown[]) =>
  until(
    () => site.lines('py.trace').some((line) => line.startsWith(words.join(' '))),
    `${words.join(' ')} in the trace of ${site.lines('py.trace')}`,
    30_000,
  );

describe.skipIf(!hasPython)('an executor in Python', { timeout: 90_000 }, () => {
  beforeEach(() => {
    site = new Site('[worker]\nprocesses = 1\n');
  });

  it('runs jobs with progress, log lines, results and errors, and is known to a core that is back before it', async () => {
    const daemon = await site.up();
    await expect(site.api.add('wordcount', null)).rejects.toMatchObject({ code: 'E_UNKNOWN_TYPE' });
    const child = await python();
    const { id } = await site.api.add('wordcount', { text: 'to be\nor not to be' });
    expect(await site.api.wait(id)).toMatchObject({
      ...{ state: 'succeeded', result: { words: 6, different: 4 } },
      progress: { fraction: 1, message: '2 lines' },
    });
    expect((await site.api.logs(id)).lines).toMatchObject([
      { level: 'info', line: '2 lines read' },
    ]);
    const bad = await site.api.wait((await site.api.add('wordcount', 5)).id);
    expect(bad).toMatchObject({ state: 'failed', reason: 'error', attempt: 1 });
    expect(bad.error).toMatchObject({
      name: 'NoText',
      stack: expect.stringMatching(/wordcount\.py", line \d+, in wordcount/),
    });
    // More than a message may have: told as it is, it would cost every connection that it is told on.
    const huge = await site.api.wait((await site.api.add('pyhuge')).id);
    expect(huge).toMatchObject({ state: 'failed', error: { name: 'ValueError' } });
    const gone = once(child, 'exit');
    child.kill('SIGTERM');
    expect(await gone).toEqual([0, null]);
    await daemon.end();
    await site.up();
    const waiting = await site.api.add('wordcount', { text: 'early' });
    await python();
    expect(await site.api.wait(waiting.id)).toMatchObject({ state: 'succeeded' });
  });

  it('hears of a cancel, and its job is returned when it is killed', async () => {
    await site.up();
    const child = await python();
    const cancelled = await site.api.add('pygate', { file: 'never' });
    const kept = await site.api.add('pygate', { file: 'open' });
    await traced('start', cancelled.id);
    await traced('start', kept.id, 1, child.pid);
    await site.api.cancel(cancelled.id);
    expect(await site.api.wait(cancelled.id)).toMatchObject({ state: 'cancelled' });
    await traced('stop', cancelled.id, 'cancelled');
    child.kill('SIGKILL');
    const second = await python();
    await traced('start', kept.id, 2, second.pid);
    site.write('open', '');
    const job = await site.api.wait(kept.id);
    expect(outcomes(job)).toEqual(['crash', 'succeeded']);
    expect(job.result).toEqual({ by: second.pid });
  });

  it('that cannot end a thread which is past its limit ends itself', async () => {
    await site.up();
    const child = await python();
    const gone = once(child, 'exit');
    const neighbour = await site.api.add('pygate', { file: 'open' });
    await traced('start', neighbour.id, 1);
    const stuck = await site.api.add('pydeaf', null, { timeoutMs: 100 });
    expect(await gone).toEqual([70, null]);
    expect(await site.api.wait(stuck.id)).toMatchObject({ state: 'failed', reason: 'timeout' });
    await python();
    site.write('open', '');
    expect(outcomes(await site.api.wait(neighbour.id))).toEqual(['interrupted', 'succeeded']);
  });

  it.each(['over the socket', 'over TCP'])(
    '%s keeps its attempt over a restart of the core, and what ended meanwhile',
    async (way) => {
      const port = await freePort();
      site.configure(`[worker]\nprocesses = 1\n[api]\naddress = 127.0.0.1\nport = ${port}\n`);
      const daemon = await site.up();
      const token = readFileSync(path.join(site.dataDirectory, 'api-token'), 'utf8').trim();
      const remote = way === 'over TCP';
      await python(...(remote ? ([`http://127.0.0.1:${port}`, token] as const) : []));
      if (remote) await refused(`http://127.0.0.1:${port}`, 'not the token');
      const { id } = await site.api.add('pygate', { file: 'open' });
      await traced('start', id, 1);
      const workers = await site.api.workers();
      expect(workers.filter(({ pid }) => pid === null)).toHaveLength(remote ? 1 : 0);
      process.kill(await daemon.pidOf('core'), 'SIGKILL');
      site.write('open', '');
      const job = await site.api.wait(id, { timeoutMs: 60_000 });
      expect(outcomes(job)).toEqual(['succeeded']);
      expect(job.attempt).toBe(1);
    },
  );
});

const LEASE = { abandonAfterMs: 400, reconnectWithinMs: 20_000 };
const RUN = {
  kind: 'run',
  attempts: [{ id: '7', attempt: 1, type: 'pygate', payload: { file: 'never' }, timeoutMs: 0 }],
};

describe.skipIf(!hasPython)('the lease of an executor in Python', { timeout: 90_000 }, () => {
  let server: WebSocketServer;
  let core: WebSocket;
  const heard: { kind: string; outcomes?: { outcome: string }[] }[] = [];
  /** A core that answers no ping by itself. */
  beforeEach(async () => {
    site = new Site();
    heard.length = 0;
    server = new WebSocketServer({ host: '127.0.0.1', port: 0, autoPong: false });
    await once(server, 'listening');
    spawnPython(`http://127.0.0.1:${(server.address() as AddressInfo).port}`);
    [core] = (await once(server, 'connection')) as [WebSocket];
    core.on('message', (data) => heard.push(JSON.parse(String(data))));
    await until(() => heard.length > 0, 'hello');
  });
  afterEach(() => {
    for (const socket of server.clients) socket.terminate();
    server.close();
  });

  const ends = () => heard.flatMap(({ outcomes = [] }) => outcomes.map(({ outcome }) => outcome));
  const send = (message: object) => core.send(JSON.stringify(message));

  it('ends when no ping is answered: its attempts stop before others get them', async () => {
    expect(heard[0]).toMatchObject({ kind: 'hello', process: null });
    send({ kind: 'welcome', forget: [], lease: LEASE });
    send(RUN);
    await until(() => ends().length > 0, 'the end of the attempt', 30_000);
    expect(ends()).toEqual(['interrupted']);
  });

  it('goes on with each ping that is answered', async () => {
    send({ kind: 'welcome', forget: [], lease: LEASE });
    const [payload] = (await once(core, 'ping')) as [Buffer];
    // As if the core had answered what was sent in an hour from now: a slow machine changes nothing.
    const later = Buffer.alloc(8);
    later.writeDoubleBE(payload.readDoubleBE() + 3_600);
    core.pong(later);
    send(RUN);
    for (let pings = 0; pings < 6; pings += 1) await once(core, 'ping');
    expect(ends()).toEqual([]);
    await traced('start', '7');
  });
});
