import { afterEach, beforeEach, expect, test } from 'vitest';
import { connect, type LogEvent, type TaskbellClient } from '../../src/client/client.ts';
import { ControlServer } from './control-server.ts';
import { eventually } from './eventually.ts';

let server: ControlServer;
let client: TaskbellClient;

beforeEach(async () => {
  server = await ControlServer.create();
  client = connect({ socket: server.socketPath });
});

afterEach(async () => {
  await client.close();
  await server.dispose();
});

const issue = (id: string) => ({ type: 'issueUpdate', id, data: [] });

async function take(events: AsyncIterable<LogEvent>, count: number): Promise<string[]> {
  const seqs: string[] = [];
  for await (const event of events) {
    seqs.push(event.seq);
    if (seqs.length === count) break;
  }
  return seqs;
}

test('what is published after `attached` comes, in order, and only of the asked topic', async () => {
  const events = client.events({ type: 'issueUpdate', id: 'a' });
  await events.attached;
  for (const id of ['a', 'b', 'a', 'a']) server.append(issue(id));
  expect(await take(events, 3)).toEqual(['1', '3', '4']);
});

test('leaving the loop ends the subscription', async () => {
  const events = client.events();
  await events.attached;
  server.append(issue('a'));
  await take(events, 1);
  await eventually(() => server.followerCount === 0);
  expect(await events.next()).toEqual({ done: true, value: undefined });
});

test('it resumes from the seq of the last event that was seen', async () => {
  for (const id of ['a', 'b', 'c']) server.append(issue(id));
  expect(await take(client.events({ since: '1' }), 2)).toEqual(['2', '3']);
});

test('a slow reader gets everything, while at most a bounded part is held in memory', async () => {
  const events = client.events();
  await events.attached;
  const count = 30_000;
  for (let i = 0; i < count; i += 1) server.append({ ...issue('a'), data: ['x'.repeat(500)] });
  await new Promise((resolve) => setImmediate(resolve));
  const held = Number(events.position());
  expect(held).toBeLessThan(count / 2);
  const seqs = await take(events, count);
  expect(seqs.at(-1)).toBe(String(count));
  expect(new Set(seqs).size).toBe(count);
});

test('a restart of the daemon is bridged', async () => {
  const events = client.events();
  await events.attached;
  await server.goAway();
  server.append(issue('a'));
  await server.listen();
  expect(await take(events, 1)).toEqual(['1']);
});

test('a reader that left and comes back while the daemon restarts waits for it', async () => {
  server.append(issue('a'));
  expect(await take(client.events({ since: '0' }), 1)).toEqual(['1']);
  await server.goAway();
  const events = take(client.events({ since: '1' }), 1);
  server.append(issue('a'));
  await server.listen();
  expect(await events).toEqual(['2']);
});

test('a gap ends the iteration with an error, unless the caller wants to hear of it', async () => {
  for (const id of ['a', 'b', 'c']) server.append(issue(id));
  server.log = server.log.slice(2);
  await expect(take(client.events({ since: '0' }), 9)).rejects.toMatchObject({
    code: 'E_NOT_FOUND',
  });
  const gaps: string[] = [];
  const events = client.events({ since: '0', onGap: (facts) => gaps.push(facts.seq) });
  expect(await take(events, 1)).toEqual(['3']);
  expect(gaps).toEqual(['2']);
});

test('without a daemon the iteration fails instead of waiting for ever', async () => {
  await server.goAway();
  const events = client.events();
  await expect(events.next()).rejects.toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
  await expect(events.attached).rejects.toMatchObject({ code: 'E_DAEMON_UNREACHABLE' });
});

test('an aborted signal ends the iteration with its reason', async () => {
  const controller = new AbortController();
  const events = client.events({ signal: controller.signal });
  await events.attached;
  const next = events.next();
  controller.abort(new Error('enough'));
  await expect(next).rejects.toThrow('enough');
  await eventually(() => server.followerCount === 0);
});

test('closing the client ends open iterations', async () => {
  const events = client.events();
  await events.attached;
  const next = events.next();
  await client.close();
  expect(await next).toEqual({ done: true, value: undefined });
});
