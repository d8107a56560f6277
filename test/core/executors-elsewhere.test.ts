/** Executors that are judged by their connection alone, at a real core with a TCP port. */
import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { Patience } from '../../src/core/executor-pool.ts';
import { identityOf, isAlive } from '../../src/process/process-identity.ts';
import { CONNECTION_LEASE, EXECUTOR_MARK, KILL_GRACE_MS } from '../../src/protocol/execute.ts';
import { freePort } from '../e2e/free-port.ts';
import { AwakeCore } from './awake-core.ts';
import { fenceOf, type Offer, ScriptedExecutor } from './scripted-executor.ts';

/** Long enough for any machine to come back within. */
const LONG: Patience = {
  pingEveryMs: 60_000,
  lease: { abandonAfterMs: 60_000, reconnectWithinMs: 120_000 },
};
const SHORT: Patience = {
  pingEveryMs: 60_000,
  lease: { abandonAfterMs: 20, reconnectWithinMs: 100 },
};

let core: AwakeCore;
let port: number;
const executors: ScriptedExecutor[] = [];
const bystanders: ChildProcess[] = [];
beforeEach(async () => {
  port = await freePort();
  core = new AwakeCore(`[api]\naddress = 127.0.0.1\nport = ${port}\n`);
  core.knowType('mail');
});
afterEach(async () => {
  for (const child of bystanders.splice(0)) child.kill('SIGKILL');
  for (const executor of executors.splice(0)) await executor.dispose();
  await core.dispose();
});

async function wake(patience: Patience): Promise<void> {
  core.patience = patience;
  await core.wake();
}

function create(offer: Offer = {}): ScriptedExecutor {
  const executor = new ScriptedExecutor(core.socketPath, offer);
  executors.push(executor);
  return executor;
}

function byTcp(more: Offer = {}): ScriptedExecutor {
  const token = readFileSync(path.join(core.directory, 'api-token'), 'utf8').trim();
  return create({ tcp: { port, token }, ...more });
}

async function startOne(on: ScriptedExecutor) {
  const { id } = await core.add('mail');
  await on.until(() => on.assigned.some((one) => one.id === id), `job ${id}`);
  return { id, attempt: 1 };
}

const outcomesOf = async (id: string) =>
  (await core.job(id)).attempts.map(({ outcome }) => outcome);

/** Waits until the core has concluded the first attempt. */
async function concluded(id: string): Promise<string | undefined> {
  const outcome = async () => (await outcomesOf(id))[0];
  await expect.poll(outcome, { timeout: 20_000 }).not.toBe('running');
  return outcome();
}

describe('the lease', () => {
  it('leaves time to end what is stuck before the attempts are given to others', () => {
    const { abandonAfterMs, reconnectWithinMs } = CONNECTION_LEASE;
    expect(reconnectWithinMs).toBeGreaterThan(abandonAfterMs + KILL_GRACE_MS);
  });

  it('is told by TCP, and to one that says nothing of its process', async () => {
    await wake(LONG);
    const all = [byTcp(), create({ process: null }), create()];
    for (const one of all) await one.connect();
    const leases = all.map((one) => one.all('welcome')[0]?.lease);
    expect(leases).toEqual([LONG.lease, LONG.lease, undefined]);
    const { body } = await core.get('/v1/status');
    const pids = body.processes.map(({ pid }: { pid: number | null }) => pid);
    expect(pids).toEqual([null, null, all[2]?.identity.pid]);
  });
});

describe('an executor elsewhere', () => {
  it('that comes back in time keeps its attempt', async () => {
    await wake(LONG);
    const one = byTcp();
    await one.connect();
    const fence = await startOne(one);
    await one.cut();
    await one.connect([fence]);
    one.end(fence);
    await one.confirms(fence);
    expect(await outcomesOf(fence.id)).toEqual(['succeeded']);
  });

  it('keeps its attempt over a restart of the core', async () => {
    await wake(LONG);
    const one = byTcp();
    await one.connect();
    const fence = await startOne(one);
    await core.sleep();
    await core.wake();
    await one.connect([fence]);
    one.end(fence);
    await one.confirms(fence);
    expect(await outcomesOf(fence.id)).toEqual(['succeeded']);
  });

  it('whose connection is closed and that stays away is charged with a crash', async () => {
    await wake(SHORT);
    const one = byTcp();
    await one.connect();
    const { id } = await startOne(one);
    await one.cut();
    expect(await concluded(id)).toBe('crash');
    expect((await core.job(id)).attempts[0]?.error?.message).toMatch(
      /elsewhere.*did not come back/,
    );
  });

  it('that had said that it leaves is not', async () => {
    await wake(SHORT);
    const one = byTcp();
    await one.connect();
    const { id } = await startOne(one);
    one.say({ kind: 'leaving' });
    await one.cut();
    expect(await concluded(id)).toBe('interrupted');
  });

  it('that falls silent is cut off, and its attempt returned uncharged', async () => {
    await wake({ ...SHORT, pingEveryMs: 300 });
    const one = byTcp();
    await one.connect();
    const { id } = await startOne(one);
    one.freeze();
    expect(await concluded(id)).toBe('interrupted');
  });

  it('that answers pings is not cut off', async () => {
    await wake({ ...SHORT, pingEveryMs: 500 });
    const one = byTcp();
    await one.connect();
    const { id } = await startOne(one);
    let pings = 0;
    one.onPing(() => {
      pings += 1;
    });
    await expect.poll(() => pings, { timeout: 20_000 }).toBeGreaterThan(3);
    expect(one.isConnected).toBe(true);
    expect(await outcomesOf(id)).toEqual(['running']);
  });

  it('that did not come back to the next core has its attempt returned uncharged', async () => {
    await wake(SHORT);
    const one = byTcp();
    await one.connect();
    const { id } = await startOne(one);
    await core.sleep();
    await core.wake();
    expect(await concluded(id)).toBe('interrupted');
  });

  it('never costs the life of a process here that has its pid, its group or its mark', async () => {
    await wake(SHORT);
    const one = byTcp();
    await one.connect();
    const fence = await startOne(one);
    const env = { ...process.env, [EXECUTOR_MARK]: one.name };
    const bystander = spawn('sleep', ['1000'], { stdio: 'ignore', detached: true, env });
    bystanders.push(bystander);
    const other = identityOf(bystander.pid ?? -1);
    one.say({ kind: 'spawned', ...fence, group: other });
    const blocked = { executor: one.name, blockedMs: 9_999, stack: '', fence };
    one.say({ kind: 'blocked', ...blocked });
    await one.cut();
    await concluded(fence.id);
    // It said its own pid, which is one of this machine.
    expect([isAlive(one.identity), isAlive(other)]).toEqual([true, true]);
    const { body } = await core.get('/v1/workers');
    expect(body.workers).toEqual([]);
  });

  it('is not let in again while an attempt of it that did not end may run', async () => {
    await wake(LONG);
    const one = byTcp();
    await one.connect();
    const fence = await startOne(one);
    one.say({ kind: 'stuck', fences: [{ ...fence, outcome: 'timeout' }] });
    await one.cut();
    const socket = await one.open();
    const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    one.say(one.hello([fence]));
    expect(await closed).toBe(1008);
    expect((await core.job(fence.id)).state).toBe('running');
  });

  it('cannot take the name of an executor of this machine', async () => {
    await wake(LONG);
    const one = create();
    await one.connect();
    const attempt = await startOne(one);
    const thief = byTcp();
    const socket = await thief.open();
    const closed = new Promise((resolve) => socket.once('close', (code) => resolve(code)));
    thief.say({ ...thief.hello([]), executor: one.name });
    expect(await closed).toBe(1008);
    one.end(attempt);
    await one.confirms(fenceOf(attempt));
  });
});

describe('a type that only an executor tells of', () => {
  it('is known to the next core before the executor is back, with its settings', async () => {
    await wake(LONG);
    const settings = { queue: 'far', retries: 7 };
    const one = byTcp({
      types: [{ name: 'lisp', kind: 'module', schema: false, settings }, 'mail'],
    });
    expect((await core.post('/v1/jobs', { type: 'lisp' })).status).toBe(422);
    await one.connect();
    await core.add('lisp');
    await core.sleep();
    await core.wake();
    expect((await core.job((await core.add('lisp')).id)).queue).toBe('far');
  });

  it('is not one that could not be loaded', async () => {
    await wake(LONG);
    const type = { name: 'lisp', kind: 'module', schema: false, settings: {} } as const;
    const one = byTcp({ types: [{ ...type, problem: 'unbalanced' }] });
    await one.connect();
    await core.sleep();
    await core.wake();
    expect((await core.post('/v1/jobs', { type: 'lisp' })).status).toBe(422);
  });
});
