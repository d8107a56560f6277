/** What an executor says that is not of the protocol, at a real core. */
import { beforeEach, describe, expect, it } from 'vitest';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { fenceOf, ScriptedExecutor } from './scripted-executor.ts';

const { adopt, current, executor, startOne } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

describe('what is no message of the protocol', () => {
  it.each([
    ['no JSON', 'nonsense'],
    ['no object', '5'],
    ['an end without outcomes', '{"kind":"ended"}'],
    ['an outcome that is none', '{"kind":"ended","outcomes":[null]}'],
    ['progress that is no list', '{"kind":"progress","progress":5}'],
    ['a log without lines', '{"kind":"log"}'],
    ['stuck without fences', '{"kind":"stuck"}'],
    ['a group that is none', '{"kind":"spawned","id":"1","attempt":1}'],
    ['a hello without its parts', '{"kind":"hello","executor":"x"}'],
  ])('costs the connection and nothing else: %s', async (_what, text) => {
    const one = await executor();
    const attempt = await startOne(one);
    one.say(text);
    await one.until(() => !one.isConnected, 'the close');
    expect((await core.get('/healthz')).status).toBe(200);
    await one.connect([fenceOf(attempt)]);
    one.end(attempt);
    await one.confirms(attempt);
    expect(core.fatal).toEqual([]);
  });

  it('is a second hello, under the same name or another: the attempts stay its own', async () => {
    const one = await executor();
    const attempt = await startOne(one);
    for (const executor of [one.name, 'x-another']) {
      one.say({ ...one.hello([]), executor });
      await one.until(() => !one.isConnected, 'the close');
      await one.connect([fenceOf(attempt)]);
    }
    one.end(attempt);
    await one.confirms(attempt);
    expect((await core.job(attempt.id)).attempts).toHaveLength(1);
  });

  it('of a kind that a newer executor knows is passed over', async () => {
    const one = await executor();
    one.say({ kind: 'news', from: 'the future' });
    const attempt = await startOne(one);
    one.end(attempt);
    await one.confirms(attempt);
  });

  it('before the hello is not acted on', async () => {
    const one = new ScriptedExecutor(core.socketPath);
    adopt(one);
    await one.open();
    one.end({ id: '1', attempt: 1 });
    expect((await core.get('/healthz')).status).toBe(200);
  });
});
