/** The routes for probes, over TCP without a token and over the socket of the real core. */
import { request } from 'node:http';
import { afterEach, describe, expect, test } from 'vitest';
import { healthRoutes } from '../../src/api/health.ts';
import type { ApiRequest } from '../../src/api/route.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { type Answer, AwakeCore, answerOf } from '../core/awake-core.ts';
import { freePort } from '../e2e/free-port.ts';

let core: AwakeCore | undefined;
afterEach(() => core?.dispose());

async function onTcp() {
  const port = await freePort();
  core = await AwakeCore.start(`[api]\naddress = 127.0.0.1\nport = ${port}\n`);
  const ask = (path: string, method = 'GET', headers = {}): Promise<Answer> =>
    answerOf(request({ host: '127.0.0.1', port, path, method, headers }).end());
  return { core, ask };
}

describe('probes over TCP', () => {
  test('are answered without a token and by any name of the host', async () => {
    const { ask } = await onTcp();
    expect(await ask('/healthz')).toMatchObject({ status: 200, body: { alive: true } });
    expect(await ask('/readyz')).toMatchObject({ status: 200, body: { ready: true } });
    const headers = { host: 'probe.internal' };
    expect((await ask('/readyz', 'GET', headers)).status).toBe(200);
  });

  test('open nothing else', async () => {
    const { ask } = await onTcp();
    for (const path of ['/metrics', '/v1/status', '/healthz/x', '/readyz?x=1', '/v1/jobs']) {
      expect((await ask(path)).status, path).toBe(401);
    }
    expect((await ask('/readyz', 'POST')).status).toBe(401);
  });
});

describe('readiness', () => {
  test('is a change that reaches the database, and however many ask, few of them', async () => {
    core = await AwakeCore.start();
    const commits = async () => {
      const text = await (core as AwakeCore).text('/metrics');
      return Number(/^taskbell_commit_duration_seconds_count (\d+)$/m.exec(text)?.[1]);
    };
    const before = await commits();
    const answers = await Promise.all(
      Array.from({ length: 40 }, () => (core as AwakeCore).get('/readyz')),
    );
    expect(answers.every(({ status, body }) => status === 200 && body.commitMs >= 0)).toBe(true);
    const grown = (await commits()) - before;
    expect(grown).toBeGreaterThanOrEqual(1);
    expect(grown).toBeLessThan(40);
  });

  async function readyWhen(proveCommit: () => Promise<{ commitMs: number }>) {
    const route = healthRoutes({ proveCommit }).find(({ path }) => path === '/readyz');
    return await route?.handle({} as ApiRequest);
  }

  test('is refused with 503 and the reason while nothing can be committed', async () => {
    const full = new TaskbellError('E_DISK_FULL', 'The disk is full.', { hint: 'Free some.' });
    expect(await readyWhen(() => Promise.reject(full))).toEqual({
      status: 503,
      body: { ready: false, code: 'E_DISK_FULL', reason: 'The disk is full.' },
    });
  });

  test('tells nothing of a failure that was not foreseen', async () => {
    const secret = new Error('cannot open /home/ada/keys');
    const answer = await readyWhen(() => Promise.reject(secret));
    expect(answer?.status).toBe(503);
    expect(JSON.stringify(answer?.body)).not.toContain('ada');
  });
});
