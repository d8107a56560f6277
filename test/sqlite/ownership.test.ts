/** The lock on a data directory, held and lost by real processes. */
import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it, onTestFinished } from 'vitest';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { tryOwn } from '../../src/sqlite/ownership.ts';
import { temporaryDirectory } from './temporary-directory.ts';

const OWNER = fileURLToPath(new URL('./owning-child.mjs', import.meta.url));

function lockFile(): string {
  return path.join(temporaryDirectory(), 'owner.lock');
}

/** A process that tries to own the lock and says how it went. */
async function startOwner(file: string): Promise<{ child: ChildProcess; owns: boolean }> {
  const child = fork(OWNER, [file]);
  onTestFinished(() => void child.kill('SIGKILL'));
  const [owns] = await once(child, 'message');
  return { child, owns: owns === true };
}

async function end(child: ChildProcess, how: () => void): Promise<void> {
  const gone = once(child, 'exit');
  how();
  await gone;
}

describe('the ownership lock', () => {
  it('belongs to one process at a time', async () => {
    const file = lockFile();
    const first = await startOwner(file);
    const second = await startOwner(file);
    expect([first.owns, second.owns]).toEqual([true, false]);
    expect(tryOwn(file)).toBeUndefined();
  });

  it('is free at once after its owner was killed', async () => {
    const file = lockFile();
    const { child } = await startOwner(file);
    await end(child, () => child.kill('SIGKILL'));
    const own = tryOwn(file);
    expect(own).toBeDefined();
    expect((await startOwner(file)).owns).toBe(false);
    own?.release();
  });

  it('is free after its owner released it, while that process lives on', async () => {
    const file = lockFile();
    const { child } = await startOwner(file);
    const released = once(child, 'message');
    child.send('release');
    await released;
    expect((await startOwner(file)).owns).toBe(true);
    expect(child.exitCode).toBeNull();
  });

  it('keeps its own process out as well', () => {
    const file = lockFile();
    const own = tryOwn(file);
    expect(tryOwn(file)).toBeUndefined();
    own?.release();
    const again = tryOwn(file);
    expect(again).toBeDefined();
    again?.release();
  });
});

describe('a lock file that cannot be used is named with what to do:', () => {
  function refusal(file: string): TaskbellError {
    try {
      tryOwn(file)?.release();
    } catch (error) {
      if (error instanceof TaskbellError) return error;
    }
    throw new Error('it was not refused with an error of ours');
  }

  it('garbage', () => {
    const file = lockFile();
    const garbage = 'this is not a lock. '.repeat(300);
    writeFileSync(file, garbage);
    const error = refusal(file);
    expect(error).toMatchObject({
      code: 'E_CANNOT_CREATE',
      hint: expect.stringContaining('Remove'),
    });
    expect(error.message).toContain(file);
    expect(readFileSync(file, 'utf8')).toBe(garbage);
  });

  it('a directory', () => {
    const file = lockFile();
    mkdirSync(file);
    expect(refusal(file)).toMatchObject({ code: 'E_CANNOT_CREATE' });
  });

  it('a place that does not exist', () => {
    const file = path.join(temporaryDirectory(), 'nowhere', 'owner.lock');
    expect(refusal(file)).toMatchObject({ code: 'E_CANNOT_CREATE' });
  });
});
