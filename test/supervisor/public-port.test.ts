import { once } from 'node:events';
import { connect, createServer, type Socket } from 'node:net';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import {
  PublicPort,
  type PublicPortOptions,
  type Taker,
} from '../../src/supervisor/public-port.ts';
import { until } from './running-service.ts';

/** Takes up to `room` connections. */
class Gateway implements Taker {
  readonly taken: Socket[] = [];
  room: number;

  constructor(room = Number.POSITIVE_INFINITY) {
    this.room = room;
  }

  take(connection: Socket): boolean {
    if (this.room === 0) return false;
    this.room -= 1;
    this.taken.push(connection);
    return true;
  }
}

let port: PublicPort;
const lines: { readonly msg: string; readonly dropped?: number }[] = [];
const clients: Socket[] = [];
const gateways: Gateway[] = [];
afterEach(() => {
  port.close();
  for (const client of clients.splice(0)) client.destroy();
  for (const { taken } of gateways.splice(0)) for (const connection of taken) connection.destroy();
  lines.length = 0;
});

function create(options: Partial<PublicPortOptions> = {}): PublicPort {
  const write = (line: string) => void lines.push(JSON.parse(line));
  port = new PublicPort({
    place: { address: '127.0.0.1', port: 0 },
    takers: () => gateways,
    log: pino({ level: 'debug', base: {} }, { write }),
    ...options,
  });
  return port;
}

async function knock(to: number): Promise<Socket> {
  const client = connect(to, '127.0.0.1');
  client.on('error', () => undefined);
  clients.push(client);
  await once(client, 'connect');
  return client;
}

const counts = () => gateways.map(({ taken }) => taken.length);
const reach = (wanted: readonly number[]) =>
  until(
    () => counts().join() === wanted.join(),
    () => `${counts()} instead of ${wanted}`,
    20_000,
  );

describe('connections', () => {
  it('go to the gateways in turn, exactly as many to each', async () => {
    gateways.push(new Gateway(), new Gateway(), new Gateway());
    const place = await create().open();
    await Promise.all(Array.from({ length: 30 }, () => knock(place.port)));
    await reach([10, 10, 10]);
  });

  it('pass by a gateway that can take no more', async () => {
    gateways.push(new Gateway(1), new Gateway());
    const place = await create().open();
    for (let n = 0; n < 6; n += 1) await knock(place.port);
    await reach([1, 5]);
  });

  it('are handed out with nothing read from them', async () => {
    gateways.push(new Gateway());
    const place = await create().open();
    const client = await knock(place.port);
    client.write('the first bytes');
    await reach([1]);
    const [[connection] = []] = gateways.map(({ taken }) => taken);
    if (connection === undefined) throw new Error('nothing was taken');
    expect(connection.bytesRead).toBe(0);
    connection.resume();
    const [data] = await once(connection, 'data');
    expect(String(data)).toBe('the first bytes');
  });

  it('wait while there is no gateway, and are handed out in their order when one comes', async () => {
    const place = await create().open();
    const first = await knock(place.port);
    const second = await knock(place.port);
    gateways.push(new Gateway());
    // Accepted connections are handed out with the next news of a gateway, whenever the kernel told of them.
    await until(
      () => {
        port.handOut();
        return counts()[0] === 2;
      },
      () => `${counts()}`,
      20_000,
    );
    const from = gateways[0]?.taken.map(({ remotePort }) => remotePort);
    expect(from).toEqual([first.localPort, second.localPort]);
  });

  it('that a gateway did not live to take go to another', async () => {
    const place = await create().open();
    gateways.push(new Gateway());
    await knock(place.port);
    await reach([1]);
    const [connection] = gateways[0]?.taken ?? [];
    gateways.splice(0, 1, new Gateway());
    if (connection !== undefined) port.takeBack(connection);
    await reach([1]);
  });
});

describe('without a gateway', () => {
  it('a connection is dropped when nobody came in time, and the log says so', async () => {
    const place = await create({ patienceMs: 50 }).open();
    await once(await knock(place.port), 'close');
    expect(lines).toMatchObject([
      { dropped: 1, msg: 'connections dropped: no gateway came to take them' },
    ]);
  });

  it('only so many wait, and storms do not fill the log', async () => {
    const place = await create({ maxWaiting: 2 }).open();
    const all = await Promise.all(Array.from({ length: 12 }, () => knock(place.port)));
    await until(
      () => all.filter(({ closed }) => closed).length === 10,
      () => `${all.filter(({ closed }) => closed).length} of 10 dropped`,
      20_000,
    );
    expect(lines.map(({ dropped }) => dropped)).toEqual([1, 2, 4, 8]);
  });
});

describe('the port', () => {
  it('is opened once for all who ask', async () => {
    create();
    const [one, other] = await Promise.all([port.open(), port.open()]);
    expect(other).toEqual(one);
  });

  it('stays closed once it was closed, even where it was being opened', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port: free } = holder.address() as { readonly port: number };
    await new Promise((resolve) => holder.close(resolve));
    create({ place: { address: '127.0.0.1', port: free } });
    const opening = port.open();
    port.close();
    await expect(opening).rejects.toMatchObject({ code: 'ECANCELED' });
    await expect(port.open()).rejects.toMatchObject({ code: 'ECANCELED' });
    await expect(knock(free)).rejects.toMatchObject({ code: 'ECONNREFUSED' });
  });

  it('says what the system said when another has it, and may be asked again', async () => {
    const holder = createServer();
    await new Promise<void>((resolve) => holder.listen(0, '127.0.0.1', resolve));
    const { port: held } = holder.address() as { readonly port: number };
    create({ place: { address: '127.0.0.1', port: held } });
    await expect(port.open()).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await new Promise((resolve) => holder.close(resolve));
    expect(await port.open()).toEqual({ address: '127.0.0.1', port: held });
  });

  it('drops what waits when it closes', async () => {
    const place = await create().open();
    const client = await knock(place.port);
    const closed = once(client, 'close');
    port.close();
    await closed;
  });
});
