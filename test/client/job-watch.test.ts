/** Waits and followed logs go on through an absence of the daemon, miss nothing and repeat nothing. */
import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type TaskbellClient } from '../../src/client/client.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

let server: ControlServer;
let client: TaskbellClient;

beforeEach(async () => {
  server = await ControlServer.create();
  client = connect({ socket: server.socketPath, patienceMs: 50 });
});

afterEach(async () => {
  await client.close();
  await server.dispose();
});

const asksFor = (path: string) => () => server.asked.some((one) => one.path === path);

test('a wait does not miss an end that came while the daemon was away, and tells of the absence once', async () => {
  const { id } = await client.add('mail');
  let absences = 0;
  const onAway = () => {
    absences += 1;
  };
  const waiting = client.wait(id, { onAway });
  await eventually(asksFor(`/v1/jobs/${id}/wait`));
  await server.goAway();
  await eventually(() => absences > 0);
  server.setJob(id, 'succeeded');
  await server.listen();
  expect(await waiting).toMatchObject({ id, state: 'succeeded' });
  expect(absences).toBe(1);
});

test('a followed log goes on behind the last line that was read', async () => {
  const { id } = await client.add('mail');
  let written = 1;
  server.routes.set('GET /v1/jobs/:id/logs', async ({ query }) => {
    const after = Number(query.get('after'));
    if (after === written && written < 3) await server.jobChanged();
    const lines = [1, 2, 3].filter((n) => n > after && n <= written).map((n) => ({ n }));
    return { lines, dropped: 0, ended: written === 3 };
  });
  const pages = client.followLogs(id);
  expect((await pages.next()).value?.lines).toEqual([{ n: 1 }]);
  const next = pages.next();
  await eventually(() => server.asked.at(-1)?.query.get('after') === '1');
  await server.goAway();
  written = 3;
  await server.listen();
  expect((await next).value).toMatchObject({ lines: [{ n: 2 }, { n: 3 }], ended: true });
  expect((await pages.next()).done).toBe(true);
});

test('nothing more is asked for while the reader is busy', async () => {
  const { id } = await client.add('mail');
  server.routes.set('GET /v1/jobs/:id/logs', ({ query }) => {
    return { lines: [{ n: Number(query.get('after')) + 1 }], dropped: 0, ended: false };
  });
  const pages = client.followLogs(id, { after: 6 });
  expect((await pages.next()).value?.lines).toEqual([{ n: 7 }]);
  await client.get(id);
  const asked = server.asked.filter(({ path }) => path.endsWith('/logs'));
  expect(asked).toHaveLength(1);
  await pages.return(undefined);
});

test('a daemon that cuts waits off is asked again after a pause', async () => {
  const { id } = await client.add('mail');
  const asked = { wait: [] as number[], logs: [] as number[] };
  server.routes.set('GET /v1/jobs/:id/wait', () => {
    asked.wait.push(performance.now());
    return server.job(id);
  });
  server.routes.set('GET /v1/jobs/:id/logs', () => {
    asked.logs.push(performance.now());
    return { lines: [], dropped: 0, ended: false };
  });
  const controller = new AbortController();
  const { signal } = controller;
  const waiting = client.wait(id, { signal });
  const following = client.followLogs(id, { signal }).next();
  await eventually(() => asked.wait.length > 2 && asked.logs.length > 2);
  controller.abort(new Error('enough'));
  const both = await Promise.allSettled([waiting, following]);
  expect(both.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  for (const times of Object.values(asked)) {
    const pauses = times.slice(1).map((at, n) => at - (times[n] ?? 0));
    expect(Math.min(...pauses)).toBeGreaterThan(100);
  }
});

test('a signal ends a followed log', async () => {
  const { id } = await client.add('mail');
  server.routes.set('GET /v1/jobs/:id/logs', () => server.jobChanged());
  const controller = new AbortController();
  const next = client.followLogs(id, { signal: controller.signal }).next();
  await eventually(asksFor(`/v1/jobs/${id}/logs`));
  controller.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
});

test('a job that is not there is no absence', async () => {
  await expect(client.wait('99')).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
  const missing = client.followLogs('99').next();
  await expect(missing).rejects.toMatchObject({ code: 'E_NOT_FOUND' });
});
