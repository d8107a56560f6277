/** Why a job waits, its log as it comes and its end, through the executable and over a restart. */
import { afterAll, beforeAll, expect, test } from 'vitest';
import type { WhyView } from '../../src/protocol/why.ts';
import { type Daemon, Site, until } from './daemon.ts';

const TALK = `import { existsSync } from 'node:fs';
export default {
  async run({ file }, ctx) {
    ctx.progress({ message: 'talking' });
    ctx.log('begun ' + ctx.attempt);
    while (!existsSync(file)) {
      ctx.signal.throwIfAborted();
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    ctx.log('through');
    return 1;
  },
};`;

const site = new Site('[worker]\nprocesses = 1\nconcurrency = 2\n[job:talk]\nconcurrency = 1\n');
let daemon: Daemon;

beforeAll(async () => {
  site.write('jobs/talk.mjs', TALK);
  site.write('jobs/broken.mjs', 'export default {');
  daemon = await site.up();
});
afterAll(() => site.dispose());

async function codes(id: string): Promise<readonly string[]> {
  const why: WhyView = await site.json('job', 'why', id);
  return why.reasons.map(({ code }) => code);
}

async function isRunning(id: string): Promise<boolean> {
  return (await site.api.get(id)).progress?.message === 'talking';
}

test('a handler that cannot be loaded, a limit and what runs are told apart', async () => {
  const broken = await site.api.add('broken', null);
  expect((await site.run(['job', 'why', broken.id])).stdout).toMatch(
    /is queued\n- the handler of broken could not be loaded: .*broken\.mjs/,
  );
  const first = await site.api.add('talk', { file: 'why.open' });
  await until(() => isRunning(first.id), 'it runs');
  const second = await site.api.add('talk', { file: 'why.open' });
  expect(await codes(second.id)).toEqual(['concurrency']);
  expect((await site.run(['job', 'why', first.id])).stdout).toContain(': talking\n');
  site.write('why.open', '');
  await site.api.wait(second.id);
  expect(await codes(second.id)).toEqual(['finished']);
  expect((await site.run(['job', 'show', first.id])).stdout).toContain('progress  talking\n');
  const { queues, types } = await site.json('queue', 'stats', '--type', 'talk');
  expect(types).toMatchObject([{ type: 'talk', lastHour: { succeeded: 2, failed: 0 } }]);
  expect(queues).toMatchObject([{ name: 'default', oldest: { id: broken.id } }]);
  expect((await site.run(['status'])).stdout).toContain(`oldest   job ${broken.id} waits`);
  await site.api.cancel(broken.id);
});

test('a followed log and a wait go on through a restart, and end with the job', async () => {
  const { id } = await site.api.add('talk', { file: 'logs.open' });
  const lines: string[] = [];
  const following = (async () => {
    for await (const page of site.api.followLogs(id)) lines.push(...page.lines.map(textOf));
  })();
  const waiting = site.api.wait(id);
  await until(() => lines.length > 0, 'its first line');
  await daemon.stop();
  daemon = await site.up();
  site.write('logs.open', '');
  expect(await waiting).toMatchObject({ state: 'succeeded', attempt: 2 });
  await following;
  expect(lines).toEqual(['begun 1', 'begun 2', 'through']);
});

test('the commands follow and wait alike, whether the job has ended or not', async () => {
  const { id } = await site.api.add('talk', { file: 'commands.open' });
  const other = await site.api.add('echo', 7);
  const logs = site.run(['job', 'logs', id, '-f']);
  const waiting = site.run(['job', 'wait', id, other.id]);
  expect(await site.json('job', 'wait', id, other.id, '--any')).toMatchObject({ id: other.id });
  site.write('commands.open', '');
  expect(await waiting).toMatchObject({
    exitCode: 0,
    stdout: expect.stringContaining(`job ${id} `),
  });
  expect((await logs).stdout).toMatch(/info +begun 1\n.* info +through\n$/);
});

function textOf({ line }: { readonly line: string }): string {
  return line;
}
