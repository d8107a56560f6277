import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { reconnectDelayMs } from '../../src/executor/core-link.ts';
import { openWorkshop, shellJob, type Workshop } from './workshop.ts';

let shop: Workshop;
beforeEach(async () => {
  shop = await openWorkshop();
});
afterEach(() => shop.clear());

/** Writes its id, then waits for a file of that name. */
const GATE = `import { existsSync } from 'node:fs';
export default { async run(file, { log, signal }) {
  log('started');
  while (!existsSync(file)) {
    signal.throwIfAborted();
    await new Promise((done) => setTimeout(done, 5));
  }
  return 'through';
} };`;

function started(id: string): Promise<true> {
  return shop.core.until(
    () => (shop.core.lines(id).includes('info: started') ? true : undefined),
    `the start of ${id}`,
  );
}

describe('the connection to the core', () => {
  it('introduces the executor and is announced as ready once', async () => {
    await shop.start();
    const hello = await shop.core.hello();
    expect(hello).toMatchObject({ slots: 8, queues: [], types: [], holding: [] });
    expect(hello.executor).toMatch(/^x-\d+-[0-9a-f]{8}$/);
    expect(hello.process?.pid).toBe(process.pid);
    expect(hello.supervisorPid).toBe(process.ppid);
    shop.core.send({ kind: 'validate', rid: 1, type: 'none', payload: null });
    await shop.core.until(() => shop.core.all('validated')[0], 'an answer');
    expect(shop.announced).toEqual(['ready']);
  });

  it('waits for a core that comes later', async () => {
    await shop.core.close();
    const executor = shop.executor();
    await executor.start();
    expect(shop.announced).toEqual([]);
    await shop.core.listen();
    await shop.core.hello();
  });

  it('is opened again: what runs is held, what ended meanwhile is told', async () => {
    shop.handler('gate.mjs', GATE);
    const open = shop.handler('open.txt', '');
    await shop.start([shellJob('sleep', 'echo started; exec sleep 100')]);
    shop.core.run(
      { id: '1', type: 'gate', payload: `${shop.root}/never` },
      { id: '2', type: 'gate', payload: `${shop.root}/later` },
      { id: '3', type: 'sleep' },
    );
    await Promise.all([started('1'), started('2'), started('3')]);
    await shop.core.close();
    shop.handler('../later', open);
    await shop.core.listen();
    const hello = await shop.core.hello(2);
    expect(hello.holding).toContainEqual({ id: '1', attempt: 1 });
    expect(hello.holding).toContainEqual({ id: '2', attempt: 1 });
    expect(hello.holding).toContainEqual({ id: '3', attempt: 1 });
    expect(await shop.core.outcome('2')).toMatchObject({ outcome: 'succeeded', result: 'through' });
    // A new core has to know whom it may have to reap.
    const spawned = await shop.core.until(() => shop.core.all('spawned')[1], 'spawned again');
    expect(spawned.id).toBe('3');
    shop.core.send({ kind: 'cancel', id: '1', attempt: 1 });
    shop.core.send({ kind: 'cancel', id: '3', attempt: 1 });
    expect(await shop.core.outcome('1')).toMatchObject({ outcome: 'cancelled' });
    expect(await shop.core.outcome('3')).toMatchObject({ outcome: 'cancelled' });
    expect(shop.announced).toEqual(['ready']);
  });

  it('repeats outcomes until they are confirmed, then never again', async () => {
    shop.handler('noop.mjs', 'export default (n) => n;');
    await shop.start();
    shop.core.confirming = false;
    shop.core.run({ id: '1', type: 'noop', payload: 1 }, { id: '2', type: 'noop', payload: 2 });
    await shop.core.outcome('2');
    shop.core.send({ kind: 'confirmed', fences: [{ id: '1', attempt: 1 }] });
    shop.core.send({ kind: 'validate', rid: 1, type: 'noop', payload: null });
    await shop.core.until(() => shop.core.all('validated')[0], 'the confirmation to be read');
    await shop.core.close();
    await shop.core.listen();
    expect((await shop.core.hello(2)).holding).toEqual([{ id: '2', attempt: 1 }]);
    await shop.core.until(() => shop.core.outcomes()[2], 'the repeat');
    const [first, second] = shop.core.outcomes().filter(({ id }) => id === '2');
    expect(second).toEqual(first);
    expect(shop.core.outcomes().map(({ id }) => id)).toEqual(['1', '2', '2']);
  });

  it('drops what the core does not want: an outcome is forgotten, a running one aborted', async () => {
    shop.handler('gate.mjs', GATE);
    shop.handler('noop.mjs', 'export default (n) => n;');
    await shop.start();
    shop.core.confirming = false;
    shop.core.run({ id: '1', type: 'noop' }, { id: '2', type: 'gate', payload: '/nowhere/never' });
    await shop.core.outcome('1');
    await started('2');
    shop.core.forget = [
      { id: '1', attempt: 1 },
      { id: '2', attempt: 1 },
    ];
    await shop.core.close();
    await shop.core.listen();
    await shop.core.hello(2);
    shop.core.forget = [];
    await shop.core.close();
    await shop.core.listen();
    // The aborted one ends within moments; it must be gone from the list without an outcome.
    for (let count = 3; (await shop.core.hello(count)).holding.length > 0; count += 1) {
      await shop.core.close();
      await shop.core.listen();
    }
    expect(shop.core.outcomes().map(({ id }) => id)).toEqual(['1']);
  });

  it('ignores a second `run` of what it has already', async () => {
    shop.handler('gate.mjs', GATE);
    await shop.start();
    const later = `${shop.root}/later`;
    shop.core.run({ id: '1', type: 'gate', payload: later });
    await started('1');
    shop.core.run({ id: '1', type: 'gate', payload: later });
    shop.handler('../later', '');
    await shop.core.outcome('1');
    expect(shop.core.lines('1')).toEqual(['info: started']);
  });

  it('survives a message that is not JSON and one that it does not know', async () => {
    await shop.start();
    shop.core.send({ kind: 'unheard-of' } as never);
    shop.core.sendText('{');
    await shop.core.hello(2);
    expect(shop.logged.map(({ msg }) => msg)).toEqual(
      expect.arrayContaining([
        'unknown message of the core',
        'a message of the core is not JSON: connecting again',
      ]),
    );
  });
});

describe('reconnectDelayMs', () => {
  it('doubles from 20 ms to 500 ms', () => {
    expect([0, 1, 2, 3, 4, 5, 50].map(reconnectDelayMs)).toEqual([20, 40, 80, 160, 320, 500, 500]);
  });
});
