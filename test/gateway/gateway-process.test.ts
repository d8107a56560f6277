/** The life of a gateway process: its port, the log it follows, its end. */
import { createServer, type Server } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSamePort } from '../../src/gateway/port-claim.ts';
import { deadlineIn } from '../../src/process/service.ts';
import { Client, GatewayFixture, tokenFor, until } from './gateway-fixture.ts';

const OK = '{"status":200,"message":"Ok","code":0}';

let gateway: GatewayFixture;

beforeEach(() => {
  gateway = new GatewayFixture();
});
afterEach(() => gateway.close());

async function holdPort(): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return { server, port: (server.address() as { port: number }).port };
}

describe('starting', () => {
  it('says where it listens, to the log and to the core, and that it is ready', async () => {
    await gateway.start();
    const line = gateway.lines.find(({ msg }) => msg === 'gateway listening');
    expect(line).toMatchObject({ address: '127.0.0.1', port: gateway.port, path: '/ws' });
    const hello = gateway.core.hellos[0];
    expect(hello?.get('role')).toBe('gateway');
    expect(hello?.get('pid')).toBe(String(process.pid));
    expect(JSON.parse(hello?.get('listen') ?? '')).toEqual({
      address: '127.0.0.1',
      port: gateway.port,
      path: '/ws',
    });
    expect(gateway.announced).toEqual(['ready']);
  });

  it('twice is once', async () => {
    const service = await gateway.start();
    await service.start();
    expect(gateway.announced).toEqual(['ready']);
  });

  it('fails with the key file by name', async () => {
    const service = gateway.create({ auth: { publicKeyFile: '/nowhere/public.pem' } });
    await expect(service.start()).rejects.toMatchObject({
      code: 'E_KEY_FILE',
      message: expect.stringContaining('/nowhere/public.pem'),
    });
  });

  it('fails with the address when it is none of this machine', async () => {
    const service = gateway.create({ limits: { address: '192.0.2.1' } });
    await expect(service.start()).rejects.toMatchObject({
      code: 'E_CANNOT_CREATE',
      message: expect.stringContaining('192.0.2.1:0 (EADDRNOTAVAIL)'),
    });
  });
});

describe('a busy port', () => {
  it('is named when another program has it', async () => {
    const { server, port } = await holdPort();
    await gateway.core.start();
    const service = gateway.create({ limits: { port } });
    await expect(service.start()).rejects.toMatchObject({
      code: 'E_PORT_IN_USE',
      message: `The gateway cannot listen on 127.0.0.1:${port}: another program uses this port.`,
    });
    server.close();
  });

  it('is waited for when a gateway of the same data directory has it', async () => {
    const first = await gateway.start();
    const { port } = gateway;
    gateway.core.gateway = { address: '127.0.0.1', port, path: '/ws' };
    const started = gateway.create({ limits: { port } }).start();
    await until(() => gateway.announced.includes('standby'), 'on standby');
    const client = await gateway.connect();
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    first.quiet();
    await started;
    expect(gateway.announced).toEqual(['ready', 'standby', 'ready']);
    gateway.core.publish({ type: 'job', id: '1', data: ['served by the first to the end'] });
    expect(await client.next()).toContain('served by the first');
  });

  it('is given some time when the core does not know yet who has it', async () => {
    const { server, port } = await holdPort();
    const started = gateway.create({ limits: { port } }).start();
    const asked = () => gateway.lines.some(({ msg }) => msg.includes('who serves the port'));
    await until(asked, 'the core was asked in vain');
    server.close();
    await gateway.core.start();
    await started;
    expect(gateway.announced).toEqual(['ready']);
  });

  it.each([
    ['0.0.0.0', { address: '0.0.0.0', port: 1 }, true],
    ['127.0.0.1', { address: '0.0.0.0', port: 1 }, true],
    ['::', { address: '127.0.0.1', port: 1 }, true],
    ['127.0.0.1', { address: '127.0.0.2', port: 1 }, false],
    ['127.0.0.1', { address: '127.0.0.1', port: 2 }, false],
  ])('wanted on %s and held by %j is the same: %s', (address, held, same) => {
    expect(isSamePort({ address, port: 1 }, { ...held, path: '/ws' })).toBe(same);
  });
});

describe('following the log', () => {
  it('misses nothing while the core restarts', async () => {
    await gateway.start();
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'job', '1');
    gateway.core.publish({ type: 'job', id: '1', data: [1] });
    await gateway.core.stop();
    gateway.core.publish({ type: 'job', id: '1', data: [2] });
    await gateway.core.start();
    gateway.core.publish({ type: 'job', id: '1', data: [3] });
    const pushes = [await client.next(), await client.next(), await client.next()];
    expect(pushes.map((push) => JSON.parse(push).data[0])).toEqual([1, 2, 3]);
  });

  it('closes with 1012 when the log is another one, so that clients ask anew', async () => {
    await gateway.start();
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'job', '1');
    await gateway.core.stop();
    gateway.core.replaceLog();
    await gateway.core.start();
    const { code, reason } = await client.closed;
    expect(code).toBe(1012);
    expect(JSON.parse(reason).retry).toBeGreaterThanOrEqual(500);
  });
});

describe('what it asks the core for', () => {
  const types = () =>
    gateway.core.requests.map(({ events }) => events?.map(({ type, id }) => `${type} ${id}`));

  it('is who may come in at first, then each type that somebody attaches to, once', async () => {
    await gateway.start();
    const clients = await Promise.all([1, 2, 3].map(() => gateway.connect()));
    for (const id of ['1', '2']) {
      const replies = clients.map((client) => client.attach(tokenFor('ada'), 'job', id));
      expect(await Promise.all(replies)).toEqual([OK, OK, OK]);
    }
    await clients[0]?.attach(tokenFor('ada'), 'queue', 'default');
    expect(types()).toEqual([
      ['access *'],
      ['access *', 'job *'],
      ['access *', 'job *', 'queue *'],
    ]);
  });

  it('an attach is answered when the core has confirmed the type, and then misses nothing', async () => {
    await gateway.start();
    let release = (): void => undefined;
    gateway.core.reattachable = new Promise((resolve) => {
      release = resolve;
    });
    const client = await gateway.connect();
    let answered = false;
    const attaching = client.attach(tokenFor('ada'), 'job', '1').then((reply) => {
      answered = true;
      return reply;
    });
    await until(() => gateway.core.requests.length === 2, 'the core was asked');
    gateway.core.publish({ type: 'job', id: '1', data: ['before'] });
    expect(answered).toBe(false);
    release();
    expect(await attaching).toBe(OK);
    gateway.core.publish({ type: 'job', id: '1', data: ['after'] });
    expect(await client.next()).toContain('"after"');
  });

  it('is said again after a restart of the core, with what was attached to while it was away', async () => {
    await gateway.start();
    const client = await gateway.connect();
    await client.attach(tokenFor('ada'), 'job', '1');
    await gateway.core.stop();
    await until(() => gateway.lines.some(({ msg }) => msg.includes('reconnecting')), 'lost');
    expect(await client.attach(tokenFor('ada'), 'queue', 'q')).toBe(OK);
    gateway.core.publish({ type: 'queue', id: 'q', data: [] });
    await gateway.core.start();
    expect(await client.next()).toBe('{"type":"queue","id":"q","data":[]}');
    expect(gateway.core.requests.at(-1)).toMatchObject({ action: 'attach', since: '0' });
    expect(types().at(-1)).toEqual(['access *', 'job *', 'queue *']);
  });

  it('an attach that waits for a core that goes is answered, and counts from the resume on', async () => {
    await gateway.start();
    gateway.core.reattachable = new Promise(() => undefined);
    const client = await gateway.connect();
    const attaching = client.attach(tokenFor('ada'), 'job', '1');
    await until(() => gateway.core.requests.length === 2, 'the core was asked');
    await gateway.core.stop();
    expect(await attaching).toBe(OK);
    gateway.core.publish({ type: 'job', id: '1', data: ['meanwhile'] });
    await gateway.core.start();
    expect(await client.next()).toContain('"meanwhile"');
  });

  it('an attach of a client that left before the answer is forgotten', async () => {
    await gateway.start();
    let release = (): void => undefined;
    gateway.core.reattachable = new Promise((resolve) => {
      release = resolve;
    });
    const client = await gateway.connect();
    void client.attach(tokenFor('ada'), 'job', '1');
    await until(() => gateway.core.requests.length === 2, 'the core was asked');
    client.socket.terminate();
    await until(
      () => gateway.lines.some(({ msg }) => msg === 'connection closed'),
      'the gateway saw it',
    );
    release();
    const other = await gateway.connect();
    expect(await other.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
    gateway.core.publish({ type: 'job', id: '1', data: [] });
    expect(await other.next()).toBe('{"type":"job","id":"1","data":[]}');
  });
});

describe('quiet', () => {
  it('accepts no further client and keeps those that are here', async () => {
    const service = await gateway.start();
    const client = await gateway.connect();
    service.quiet();
    await expect(gateway.connect()).rejects.toThrow('ECONNREFUSED');
    expect(await client.attach(tokenFor('ada'), 'job', '1')).toBe(OK);
  });

  it('before the start means that nothing is opened', async () => {
    const service = gateway.create();
    service.quiet();
    await service.start();
    expect(gateway.lines).toEqual([]);
  });
});

describe('stopping', () => {
  it('closes every client with 1012 and a hint when to come back', async () => {
    const service = await gateway.start();
    const clients = await Promise.all([1, 2, 3].map(() => gateway.connect()));
    await service.stop(deadlineIn(5_000));
    for (const client of clients) {
      const { code, reason } = await client.closed;
      expect(code).toBe(1012);
      expect(reason).toMatch(/^\{"retry":\d+\}$/);
    }
    await expect(new Client(`ws://127.0.0.1:${gateway.port}/ws`).opened).rejects.toThrow(
      'ECONNREFUSED',
    );
  });

  it('ends clients that do not answer within the deadline', async () => {
    const service = await gateway.start();
    const client = await gateway.connect();
    client.transport.pause();
    const startMono = performance.now();
    await service.stop(deadlineIn(300));
    expect(performance.now() - startMono).toBeLessThan(2_000);
    client.transport.resume();
    await client.closed;
  });

  it('twice is once', async () => {
    const service = await gateway.start();
    await Promise.all([service.stop(deadlineIn(1_000)), service.stop(deadlineIn(1_000))]);
    await service.stop(deadlineIn(1_000));
  });

  it('works without a start, and no start works afterwards', async () => {
    const service = gateway.create();
    await service.stop(deadlineIn(1_000));
    await service.start();
    expect(gateway.lines).toEqual([]);
  });

  it('works while the port is waited for', async () => {
    const { server, port } = await holdPort();
    const service = gateway.create({ limits: { port } });
    const started = service.start();
    await service.stop(deadlineIn(1_000));
    await started;
    expect(gateway.announced).toEqual([]);
    server.close();
  });

  it('works while the core is waited for', async () => {
    const service = gateway.create();
    const started = service.start();
    await until(() => gateway.port > 0, 'listening');
    await service.stop(deadlineIn(1_000));
    await started;
    expect(gateway.announced).toEqual([]);
    const { server, port } = await holdPort();
    expect(port).toBeGreaterThan(0);
    server.close();
  });
});
