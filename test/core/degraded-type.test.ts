/** A type whose executors die, in the real core with executors that a script plays: what is held back, and who says so. */
import { beforeEach, expect, it } from 'vitest';
import type { TypeManifest } from '../../src/protocol/execute.ts';
import type { DegradedTypeView } from '../../src/protocol/status.ts';
import type { AwakeCore } from './awake-core.ts';
import { usePool } from './pool-fixture.ts';
import { manifest } from './scripted-executor.ts';

const { current, executor } = usePool();
let core: AwakeCore;
beforeEach(() => {
  core = current();
});

/** Three executors, one after the other, that die with two jobs of the type, the last with one that runs alone. */
async function dieThrice(types: readonly (string | TypeManifest)[]): Promise<void> {
  for (let n = 0; n < 3; n += 1) {
    const one = await executor({ slots: 2, types });
    await one.runs(n < 2 ? 2 : 1);
    await one.die();
  }
}

async function degradedTypes(): Promise<readonly DegradedTypeView[]> {
  return (await core.get('/v1/status')).body.degradedTypes;
}

it('its jobs wait while those of another type run, and everybody can see why', async () => {
  const first = await core.add('mail');
  const second = await core.add('mail');
  await dieThrice(['mail']);
  expect(await core.ended(first.id)).toMatchObject({ state: 'failed', reason: 'crash' });
  const survivor = await executor({ types: ['mail', 'scan'] });
  for (let n = 0; n < 3; n += 1) await core.add('scan');
  await survivor.runs(3);
  expect(survivor.assigned.map(({ type }) => type)).toEqual(['scan', 'scan', 'scan']);
  const { body: why } = await core.get(`/v1/jobs/${second.id}/why`);
  const facts = { type: 'mail', deaths: 3, nextTryAt: expect.any(String) };
  expect(why.reasons[0]).toMatchObject({ code: 'type-degraded', facts });
  expect(await degradedTypes()).toMatchObject([facts]);
  expect(await core.text('/metrics')).toContain('taskbell_types_degraded 1');
  const { types } = (await core.get('/v1/stats?type=mail')).body;
  expect(types).toMatchObject([{ type: 'mail', degraded: true }]);
  const lines = core.lines.filter(({ msg }) => msg.startsWith('job type is degraded'));
  expect(lines).toMatchObject([{ level: 40, type: 'mail', deaths: 3 }]);
  expect(await core.job(second.id)).toMatchObject({ state: 'queued' });
});

it('is opened again by an attempt of before that comes back', async () => {
  const [steady] = [await executor({ slots: 1 })];
  await core.add('mail');
  const [held] = await steady.runs(1);
  await core.add('mail');
  await core.add('mail');
  await dieThrice(['mail']);
  await expect.poll(degradedTypes).toHaveLength(1);
  if (held) steady.end(held);
  await expect.poll(degradedTypes).toEqual([]);
  await steady.runs(2);
  const lines = core.lines.filter(({ msg }) => msg === 'job type has recovered');
  expect(lines).toMatchObject([{ level: 30, type: 'mail' }]);
});

it('is none whose attempts have processes of their own', async () => {
  const { id } = await core.add('mail');
  await core.add('mail');
  await dieThrice([manifest('mail', { kind: 'command' })]);
  expect(await core.ended(id)).toMatchObject({ state: 'failed', reason: 'crash' });
  const next = await executor({ slots: 1 });
  await next.runs(1);
  expect(await degradedTypes()).toEqual([]);
});
