import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const FIXTURE = fileURLToPath(new URL('./fixtures/talker.mjs', import.meta.url));

function startTalker(format: string): ChildProcess {
  return fork(FIXTURE, [format], { stdio: ['ignore', 'ignore', 'pipe', 'ipc'] });
}

async function firstLineOf(talker: ChildProcess): Promise<string> {
  if (talker.stderr === null) throw new Error('no stderr');
  const [chunk] = (await once(talker.stderr, 'data')) as [Buffer];
  return chunk.toString();
}

async function dismiss(talker: ChildProcess): Promise<number | null> {
  const exit = once(talker, 'exit');
  talker.send('go on');
  return ((await exit) as [number | null])[0];
}

describe('the logger', () => {
  it('writes JSON with the process in it where standard error is no terminal', async () => {
    const talker = startTalker('auto');
    expect(JSON.parse(await firstLineOf(talker))).toMatchObject({
      level: 30,
      pid: talker.pid,
      role: 'core',
      moment: 'started',
      port: 8081,
      msg: 'service started',
    });
    await dismiss(talker);
  });

  it('writes a readable line with the sign of the moment when asked to', async () => {
    const talker = startTalker('pretty');
    expect(await firstLineOf(talker)).toMatch(
      /^\d\d:\d\d:\d\d\.\d{3} info {2}core 🚀 service started port=8081\n$/,
    );
    await dismiss(talker);
  });

  it('does not bring its process down when nobody reads standard error any more', async () => {
    const talker = startTalker('json');
    await firstLineOf(talker);
    talker.stderr?.destroy();
    const answer = once(talker, 'message');
    expect(await dismiss(talker)).toBe(0);
    expect((await answer)[0]).toBe('still here');
  });
});
