/** A disk that is full, on a real small file system where the tests may mount one. */
import { spawnSync } from 'node:child_process';
import {
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { pino } from 'pino';
import { describe, expect, it, onTestFinished } from 'vitest';
import { DiskGuard, RESERVE_FILE } from '../../src/core/disk-guard.ts';
import { temporaryDirectory } from '../sqlite/temporary-directory.ts';
import { AwakeCore } from './awake-core.ts';
import { ScriptedExecutor } from './scripted-executor.ts';

const MIB = 1_048_576;

/** Undefined where this user may not mount. */
function smallDisk(directory: string, mebibytes: number): boolean {
  const { status } = spawnSync('mount', [
    '-t',
    'tmpfs',
    '-o',
    `size=${mebibytes}m`,
    'x',
    directory,
  ]);
  if (status === 0) onTestFinished(() => void spawnSync('umount', ['-l', directory]));
  return status === 0;
}

function guardOn(dataDirectory: string, reserveBytes: number, lookAgainMs = 5) {
  let freed = 0;
  const guard = new DiskGuard({
    ...{ dataDirectory, reserveBytes, log: pino({ level: 'silent' }), lookAgainMs },
    onFree: () => {
      freed += 1;
    },
  });
  onTestFinished(() => guard.stop());
  return { guard, freed: () => freed };
}

describe('the guard of the disk', () => {
  it('holds back real blocks, gives them up once, and holds them again when there is space', async () => {
    const directory = temporaryDirectory();
    const { guard, freed } = guardOn(directory, 2 * MIB + 5);
    await guard.start();
    await expect.poll(() => guard.heldBytes, { timeout: 20_000 }).toBe(2 * MIB + 5);
    expect(statSync(path.join(directory, RESERVE_FILE)).blocks * 512).toBeGreaterThan(2 * MIB - 1);
    expect(guard.refuseWhenFull()).toBeUndefined();
    expect(guard.noteFull()).toBe(true);
    expect(guard.noteFull()).toBe(false);
    expect(() => guard.refuseWhenFull()).toThrow('is full');
    await expect.poll(freed, { timeout: 20_000 }).toBe(1);
    expect(guard.isFull).toBe(false);
    expect(guard.heldBytes).toBe(2 * MIB + 5);
  });

  it('gives the space back at once, even where somebody has the file open', async () => {
    const directory = temporaryDirectory();
    const { guard } = guardOn(directory, 2 * MIB);
    await guard.start();
    await expect.poll(() => guard.heldBytes, { timeout: 20_000 }).toBe(2 * MIB);
    const reader = openSync(path.join(directory, RESERVE_FILE), 'r');
    onTestFinished(() => closeSync(reader));
    expect(guard.noteFull()).toBe(true);
    expect(fstatSync(reader).blocks).toBe(0);
  });

  it('that gave up its space before the start writes nothing until it has looked', async () => {
    const directory = temporaryDirectory();
    writeFileSync(path.join(directory, RESERVE_FILE), 'x');
    const { guard } = guardOn(directory, 2 * MIB, 60_000);
    expect(guard.noteFull()).toBe(true);
    await guard.start();
    expect(guard.isFull).toBe(true);
    // Waits for what is being written.
    await guard.stop();
    expect(existsSync(path.join(directory, RESERVE_FILE))).toBe(false);
  });

  it('holds nothing where nothing is to be held, and lets go of what an earlier start held', async () => {
    const directory = temporaryDirectory();
    writeFileSync(path.join(directory, RESERVE_FILE), 'x');
    const { guard } = guardOn(directory, 0);
    await guard.start();
    expect(guard.heldBytes).toBe(0);
    expect(guard.noteFull()).toBe(false);
    expect(guard.isFull).toBe(false);
  });

  it('is full from the start where there is no space to hold back', async ({ skip }) => {
    const directory = temporaryDirectory();
    if (!smallDisk(directory, 4)) skip('only root may mount a small file system');
    const filler = path.join(directory, 'filler');
    writeFileSync(filler, Buffer.alloc(3 * MIB));
    const { guard, freed } = guardOn(directory, 2 * MIB);
    await guard.start();
    await expect.poll(() => guard.isFull, { timeout: 20_000 }).toBe(true);
    rmSync(filler);
    await expect.poll(freed, { timeout: 20_000 }).toBe(1);
    expect(guard.heldBytes).toBe(2 * MIB);
  });
});

describe('a core on a disk that fills', () => {
  it('refuses what is new, lets what runs end, and goes on by itself', async ({ skip }) => {
    const core = new AwakeCore('diskReserve = 4MiB\n');
    const executors: ScriptedExecutor[] = [];
    // Hooks run in the reverse order: this one comes before the disk is taken away, and the directory goes last.
    onTestFinished(() => rmSync(core.directory, { recursive: true, force: true }));
    const isSmall = smallDisk(core.directory, 24);
    onTestFinished(async () => {
      for (const one of executors) await one.dispose();
      await core.sleep();
    });
    if (!isSmall) skip('only root may mount a small file system');
    mkdirSync(path.join(core.directory, 'jobs'));
    core.knowType('mail');
    await core.wake();
    const storage = async () => (await core.get('/v1/db')).body;
    await expect.poll(storage, { timeout: 20_000 }).toMatchObject({ reserveBytes: 4 * MIB });
    const running = await core.add('mail');
    const executor = await ScriptedExecutor.start(core.socketPath, { slots: 1 });
    executors.push(executor);
    const [run] = await executor.runs(1);
    const waiting = await core.add('mail');
    const filler = path.join(core.directory, 'filler');
    fill(filler);
    const refused = await addUntilRefused(core);
    expect(refused).toMatchObject({ status: 507, body: { code: 'E_DISK_FULL' } });
    // The same with events; what was accepted is there to be read.
    const event = { type: 'issueUpdate', id: 'a', data: [] };
    expect((await core.post('/v1/events', event)).status).toBe(507);
    expect(await storage()).toMatchObject({ disk: 'full', reserveBytes: 0 });
    if (run) executor.end({ ...run, result: 'x'.repeat(200_000) });
    expect(await core.ended(running.id)).toMatchObject({ state: 'succeeded' });
    // Nothing is started in the space that is kept for ends.
    expect(await core.job(waiting.id)).toMatchObject({ state: 'queued' });
    expect(core.fatal).toEqual([]);
    rmSync(filler);
    await expect
      .poll(storage, { timeout: 20_000 })
      .toMatchObject({ disk: 'ok', reserveBytes: 4 * MIB });
    const [next] = await executor.runs(2).then((all) => all.slice(1));
    expect(next?.id).toBe(waiting.id);
    expect((await core.post('/v1/jobs', { type: 'mail' })).status).toBe(201);
  }, 60_000);
});

/** To the last byte. */
function fill(file: string): void {
  for (const size of [MIB, 65_536, 4_096]) {
    try {
      for (;;) writeFileSync(file, Buffer.alloc(size), { flag: 'a' });
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== 'ENOSPC') throw error;
    }
  }
}

/** There is some space in pages of the write-ahead log that are used again. */
async function addUntilRefused(core: AwakeCore) {
  for (;;) {
    const answer = await core.post('/v1/jobs', { type: 'mail', payload: 'x'.repeat(100_000) });
    if (answer.status !== 201) return answer;
  }
}
