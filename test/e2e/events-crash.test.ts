/** kill -9 of the gateway and of the core while events are published: subscribers of v2 miss and repeat nothing. */
import { afterEach, expect, onTestFinished, test } from 'vitest';
import { connect } from '../../src/client/client.ts';
import { ControlHttp } from '../../src/client/control-http.ts';
import { signal } from '../../src/process/process-identity.ts';
import type { EventPage, LogEvent } from '../../src/protocol/events.ts';
import { ResumingClient } from '../gateway/v2-client.ts';
import { Site, until } from './daemon.ts';
import { freePort } from './free-port.ts';

let site: Site;
afterEach(() => site.dispose());

const IDS = ['a.1', 'a.2', 'b.1'];
const TOPICS = [
  { type: 'issueUpdate', id: 'a.*' },
  { type: 'issueUpdate', id: 'b.1' },
];

async function readLog(): Promise<readonly LogEvent[]> {
  const http = new ControlHttp({ socketPath: site.socket }, 5_000);
  const events: LogEvent[] = [];
  for (let since = '0', isWhole = false; !isWhole; ) {
    const path = `/v1/events?type=issueUpdate&limit=1000&since=${since}`;
    const page = (await http.call({ method: 'GET', path })) as EventPage;
    events.push(...page.events);
    isWhole = page.events.length < 1_000;
    since = page.next;
  }
  http.close();
  return events;
}

test('a gateway and a core that die while events are published: each subscriber has the events of the log once, in order', async () => {
  const port = await freePort();
  site = new Site(`[webSocketEvents]
address = 127.0.0.1
port = ${port}
[auth]
publicKeyFile = ./keys/public.pem
privateKeyFile = ./keys/private.pem
`);
  await site.run(['init']);
  const daemon = await site.up();
  const { token } = await site.json('token', 'issue', '--user', 'ada');
  const clients = Array.from(
    { length: 4 },
    () => new ResumingClient(() => `ws://127.0.0.1:${port}/ws`, token, TOPICS),
  );
  onTestFinished(() => {
    for (const client of clients) client.stop();
  });
  for (const client of clients) client.start();
  const api = connect({ socket: site.socket, patienceMs: 60_000 });
  onTestFinished(() => api.close());
  let published = 0;
  let isDone = false;
  const publisher = (async () => {
    while (!isDone) {
      const id = IDS[published % IDS.length] ?? '';
      await api.publish({ type: 'issueUpdate', id, data: [published] });
      published += 1;
    }
  })();
  for (const role of ['gateway', 'core', 'gateway'] as const) {
    const before = published;
    await until(() => published >= before + 50, 'events are published', 30_000);
    const seen = clients.map((client) => client.seen.length);
    signal(await daemon.pidOf(role), 'SIGKILL');
    await until(
      () => clients.every((client, index) => client.seen.length > (seen[index] ?? 0) + 50),
      `events come again after the ${role} died`,
      60_000,
    );
  }
  isDone = true;
  await publisher;
  const log = await readLog();
  const last = log.at(-1)?.seq;
  await until(() => clients.every(({ since }) => since === last), 'all events have come', 30_000);
  const seqs = log.map(({ seq }) => seq);
  for (const client of clients) {
    expect(client.faults).toEqual([]);
    expect(client.seen).toEqual(seqs);
    expect(client.connections).toBeGreaterThan(1);
  }
});
