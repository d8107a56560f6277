/** Cursors and presence of `taskbell/events` over a real gateway and a real core; from its modules, and as it is served. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import type {
  ConnectOptions,
  EventsClient,
  Gap,
  Presence,
} from '../../src/events-client/events.ts';
import * as modules from '../../src/events-client/events.ts';
import { tokenFor } from '../gateway/gateway-fixture.ts';
import { GatewaysOnCore } from '../gateway/gateways-on-core.ts';

const POLL = { timeout: 20_000, interval: 20 };
const ISSUES = { type: 'issueUpdate', id: '*' };
const ROOM = { type: 'room', id: '7' };

let stand: GatewaysOnCore;
let directory: string;
const clients: EventsClient[] = [];
const sockets = new Set<WebSocket>();
beforeEach(async () => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-sdk-'));
  stand = await GatewaysOnCore.start(1, '[webSocketEvents]\npresenceLinger = 1h\n');
});
afterEach(async () => {
  for (const client of clients.splice(0)) client.close();
  sockets.clear();
  await stand.dispose();
  rmSync(directory, { recursive: true });
});

class LosableSocket extends WebSocket {
  constructor(url: string, protocols: string[]) {
    super(url, protocols);
    sockets.add(this);
  }
}

function loseAll(): void {
  for (const socket of sockets) socket.terminate();
}

/** What a page gets from the gateway. */
async function served(): Promise<typeof modules> {
  const answer = await fetch(`http://127.0.0.1:${stand.gateways[0]?.port}/sdk/taskbell.js`);
  const file = path.join(directory, 'taskbell.mjs');
  writeFileSync(file, await answer.text());
  return await import(pathToFileURL(file).href);
}

async function publish(type: string, ...ids: readonly string[]): Promise<readonly string[]> {
  const events = ids.map((id) => ({ type, id, data: [id] }));
  const { body } = await stand.core.post('/v1/events', events);
  return body.events.map(({ seq }: { readonly seq: string }) => seq);
}

describe.each([
  ['from its modules', async () => modules],
  ['as it is served', served],
] as const)('the client %s', (_, load) => {
  async function open(user: string, more: Partial<ConnectOptions> = {}): Promise<EventsClient> {
    const { connect } = await load();
    const url = `ws://127.0.0.1:${stand.gateways[0]?.port}/ws`;
    const bounds = { minDelayMs: 1, maxDelayMs: 20 };
    const token = () => tokenFor(user);
    const client = connect({ url, token, WebSocket: LosableSocket, ...bounds, ...more });
    clients.push(client);
    return client;
  }

  /** Attaches under the cursor, and keeps what comes. */
  async function follow(client: EventsClient) {
    const seen: (string | undefined)[] = [];
    const gaps: Gap[] = [];
    const onGap = (gap: Gap) => void gaps.push(gap);
    const subscription = client.attach({ ...ISSUES, onGap }, ({ seq }) => void seen.push(seq));
    await subscription.attached;
    return { seen, gaps, subscription };
  }

  it('goes on where the last one with its cursor had acknowledged', async () => {
    const seqs = await publish('issueUpdate', 'a', 'b', 'c');
    const first = await open('ada', { cursor: 'device-1' });
    const heard = await follow(first);
    await expect.poll(() => heard.seen, POLL).toEqual(seqs);
    // Nobody had used it before: whether something was missed nobody knows.
    expect(heard.gaps).toMatchObject([{ since: undefined }]);
    first.acknowledge({ seq: seqs[1] as string });
    const positions = async () => (await stand.core.text('/metrics')).match(/device-1.*/)?.[0];
    await expect.poll(positions, POLL).toContain('device-1"} 1');
    first.close();
    const second = await follow(await open('ada', { cursor: 'device-1' }));
    await expect.poll(() => second.seen, POLL).toEqual([seqs[2]]);
    expect(second.gaps).toEqual([]);
    const other = await follow(await open('ada', { cursor: 'device-2' }));
    await expect.poll(() => other.seen, POLL).toEqual(seqs);
  });

  it('hears nothing twice when it comes back, though it acknowledged nothing, and acknowledges then', async () => {
    const client = await open('ada', { cursor: 'device-1' });
    const { seen, subscription } = await follow(client);
    const before = await publish('issueUpdate', 'a', 'b');
    await expect.poll(() => seen, POLL).toEqual(before);
    loseAll();
    client.acknowledge({ seq: before[1] as string });
    const after = await publish('issueUpdate', 'c');
    await expect.poll(() => seen, POLL).toEqual([...before, ...after]);
    expect(subscription.position?.seq).toBe(after[0]);
    client.close();
    const next = await follow(await open('ada', { cursor: 'device-1' }));
    await expect.poll(() => next.seen, POLL).toEqual(after);
  });

  it('tells who is there, who came and who went, and again after it was lost', async () => {
    const told: Presence[] = [];
    const onPresence = (presence: Presence) => void told.push(presence);
    const ada = await open('ada');
    const watching = ada.attach({ ...ROOM, onPresence }, () => {});
    await watching.attached;
    const last = () => {
      const presence = told.at(-1);
      return presence === undefined ? 'nothing' : [[...presence.users].sort(), presence.count];
    };
    await expect.poll(last, POLL).toEqual([['ada'], 1]);
    const bob = await open('bob');
    await bob.attach(ROOM, () => {}).attached;
    await expect.poll(last, POLL).toEqual([['ada', 'bob'], 2]);
    loseAll();
    const eve = await open('eve');
    await eve.attach(ROOM, () => {}).attached;
    await expect.poll(last, POLL).toEqual([['ada', 'bob', 'eve'], 3]);
    const count = told.length;
    watching.detach();
    await (await open('dan')).attach(ROOM, () => {}).attached;
    await publish('issueUpdate', 'a');
    expect(told).toHaveLength(count);
  });

  it('goes on without presence where its type has none', async () => {
    const told: Presence[] = [];
    const seen: (string | undefined)[] = [];
    const client = await open('ada');
    const onPresence = (presence: Presence) => void told.push(presence);
    const options = { type: 'issueUpdate', id: 'a', onPresence };
    await client.attach(options, ({ seq }) => void seen.push(seq)).attached;
    const seqs = await publish('issueUpdate', 'a');
    await expect.poll(() => seen, POLL).toEqual(seqs);
    expect([told, client.status]).toEqual([[], 'open']);
  });

  it('loops over what a new cursor brings, fetches tokens, and waits for jobs', async () => {
    const seqs = await publish('issueUpdate', 'a', 'b');
    const client = await open('ada', { cursor: 'device-1' });
    const seen: (string | undefined)[] = [];
    for await (const { seq } of client.attach(ISSUES)) {
      seen.push(seq);
      if (seen.length === seqs.length) break;
    }
    expect(seen).toEqual(seqs);
    stand.core.knowType('mail');
    const { id } = await stand.core.add('mail');
    const end = client.waitForJob(id);
    await stand.core.post(`/v1/jobs/${id}/cancel`);
    expect(await end).toMatchObject({ state: 'cancelled' });
  });
});
