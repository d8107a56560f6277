/** The link and its notifier, with a program of the name `systemd-notify` that writes down what it is told. */
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { deadlineIn } from '../../src/process/service.ts';
import type { ProcessView } from '../../src/protocol/supervision.ts';
import { type ManagerLink, openManagerLink } from '../../src/supervisor/systemd-link.ts';
import { SystemdNotifier } from '../../src/supervisor/systemd-notifier.ts';

const PROGRAM = `#!/bin/sh
for word in "$@"; do printf '%s|' "$word" >> "$NOTIFY_SOCKET"; done
echo >> "$NOTIFY_SOCKET"
`;

let directory: string;
let lines: string[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'taskbell-notify-'));
  lines = [];
});

afterEach(() => rmSync(directory, { recursive: true }));

function open(notifySocket: string | null, hasProgram = true): ManagerLink {
  const program = join(directory, 'systemd-notify');
  if (hasProgram) {
    writeFileSync(program, PROGRAM);
    chmodSync(program, 0o755);
  }
  const searchPath = hasProgram ? `${directory}:/usr/bin:/bin` : directory;
  return openManagerLink({
    manager: { notifySocket, watchdogMs: 60_000, given: {}, searchPath },
    answers: async () => true,
    log: pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) }),
  });
}

function said(): readonly string[] {
  const file = join(directory, 'said');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').slice(0, -1) : [];
}

const PATIENCE = { timeout: 20_000 };

const VIEWS: readonly ProcessView[] = [
  { role: 'core', pid: 1, state: 'ready', restarts: 0, since: null },
  { role: 'executor', pid: 2, state: 'ready', restarts: 0, since: null },
];

describe('the link to the service manager', () => {
  test('tells of a whole life, in its order, reloads included', async () => {
    const link = open(join(directory, 'said'));
    link.changed(VIEWS);
    link.ready();
    link.reloading();
    link.reloaded();
    link.reloading();
    link.stopping(deadlineIn(25_000));
    await expect.poll(() => said().join(), PATIENCE).toContain('STOPPING=1');
    await link.close();
    expect(said().flatMap((line) => /(READY|RELOADING|STOPPING)=1/.exec(line)?.[0] ?? [])).toEqual([
      'READY=1',
      'RELOADING=1',
      'READY=1',
      'RELOADING=1',
      'STOPPING=1',
    ]);
    const reloads = said().flatMap((line) => /MONOTONIC_USEC=(\d+)/.exec(line)?.[1] ?? []);
    expect(reloads).toHaveLength(2);
    expect(BigInt(reloads[0] ?? 0)).toBeLessThan(BigInt(reloads[1] ?? 0));
    expect(said().at(-1)).toContain('EXTEND_TIMEOUT_USEC=15000000');
    expect(said().join()).toContain('WATCHDOG=1');
  });

  test('says nothing twice, and nothing of a reload before it is ready', async () => {
    const link = open(join(directory, 'said'));
    link.reloading();
    link.reloaded();
    link.changed(VIEWS);
    link.changed([...VIEWS]);
    await expect.poll(said, PATIENCE).not.toEqual([]);
    await link.close();
    expect(said()).toEqual(['STATUS=Starting: 2 of 2 processes are up|']);
  });

  test('starts no program where nobody asked to be notified', async () => {
    const link = open(null);
    link.changed(VIEWS);
    link.ready();
    link.stopping(deadlineIn(1));
    await link.close();
    expect(said()).toEqual([]);
  });

  test('goes on without a program to notify by, and says so once', async () => {
    const link = open(join(directory, 'said'), false);
    link.changed(VIEWS);
    link.ready();
    link.reloading();
    await expect.poll(() => lines, PATIENCE).not.toEqual([]);
    await link.close();
    expect(lines.filter((line) => line.includes('cannot be notified'))).toHaveLength(1);
    expect(lines[0]).toContain('ENOENT');
  });
});

test('what cannot even be started is warned of once, and the next message is said', async () => {
  const link = open(join(directory, 'said'));
  await link.close();
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const place = { notifySocket: join(directory, 'said'), searchPath: `${directory}:/usr/bin:/bin` };
  const notifier = new SystemdNotifier({ ...place, log });
  notifier.tell({ READY: '1', STATUS: 'no\0argument' });
  notifier.tell({ RELOADING: '1', STATUS: 'fine' });
  await notifier.said(deadlineIn(20_000));
  expect(said()).toEqual(['RELOADING=1|STATUS=fine|']);
  expect(lines.map((line) => JSON.parse(line).msg)).toEqual([
    'the service manager cannot be notified',
  ]);
});
