import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { pino } from 'pino';
import { afterEach, describe, expect, it } from 'vitest';
import type { Settings } from '../../src/config/settings.ts';
import { SlotProcess, type SlotProcessEvents } from '../../src/supervisor/slot-process.ts';

const log = pino({ level: 'silent' });
const NOTHING: SlotProcessEvents = {
  up: () => {},
  replace: () => {},
  openPort: () => {},
  trouble: () => {},
  taken: () => {},
  givenBack: () => {},
  reload: () => {},
  loop: () => {},
  foreign: () => {},
  output: { log },
};

let started: SlotProcess | undefined;

afterEach(async () => {
  started?.kill();
  await started?.gone;
  started = undefined;
});

function fixture(name: string): string {
  return fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));
}

function start(entry: string): SlotProcess {
  const request = { entry, role: 'core', run: 'run-1', execArgv: [] } as const;
  const place = { role: 'core', index: 0, only: null } as const;
  const facts = {
    settings: settingsOf(null),
    run: 'run-1',
    mode: 'up',
    predecessor: null,
  } as const;
  started = new SlotProcess(request, { kind: 'init', ...place, ...facts }, NOTHING);
  return started;
}

/** As the fixture reads them. */
function settingsOf(problem: string | null): Settings {
  return { problem } as unknown as Settings;
}

describe('a process that the system refuses', () => {
  it('is one that has ended, where there are no descriptors left', () => {
    const script = 'ulimit -n 64 && exec "$0" "$1"';
    const words = ['-c', script, process.execPath, fixture('few-descriptors.mjs')];
    const { stdout, stderr } = spawnSync('/bin/sh', words, { encoding: 'utf8' });
    expect(stderr).toBe('');
    expect(JSON.parse(stdout)).toEqual({ exitCode: null, signal: null, error: 'EMFILE' });
  });

  it('is one that has ended, where Node throws', async () => {
    const refused = start('no\0file');
    expect(await refused.gone).toMatchObject({ exitCode: null, error: expect.any(Error) });
    expect(await refused.up).toBe(false);
    expect(refused.pid).toBeUndefined();
  });
});

describe('a process that is given settings', () => {
  it('answers for each of them, though more come before the first answer', async () => {
    const taker = start(fixture('settings-taker.mjs'));
    const answers = [null, 'too small', null].map((one) => taker.reconfigure(settingsOf(one)));
    const ends = await Promise.allSettled(answers);
    expect(ends.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(ends[1]).toMatchObject({
      reason: { message: `Process ${taker.pid} does not take the settings: too small` },
    });
  });
});
