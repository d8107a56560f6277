/** A log file that was moved away, as logrotate does it, and SIGUSR2. */
import { existsSync, readFileSync, renameSync } from 'node:fs';
import { afterEach, expect, test, vi } from 'vitest';
import { Site, until } from './daemon.ts';

vi.setConfig({ testTimeout: 60_000 });

let site: Site;
afterEach(() => site.dispose());

interface Line {
  readonly role: string;
  readonly msg: string;
}

function linesOf(file: string): readonly Line[] {
  const text = existsSync(file) ? readFileSync(file, 'utf8') : '';
  return text
    .split('\n')
    .slice(0, -1)
    .map((line) => JSON.parse(line));
}

test('after SIGUSR2 every process writes to the new file, and nobody to the one that was moved away', async () => {
  site = new Site();
  const [file, moved] = [site.path('service.log'), site.path('service.log.1')];
  const daemon = site.start(['up'], { env: { TASKBELL_DAEMON_LOGFILE: file } });
  const started = () => linesOf(file).some(({ msg }) => msg === 'service started');
  await until(started, 'the service works', 30_000);
  renameSync(file, moved);
  daemon.signal('SIGUSR2');
  await until(() => linesOf(file).length > 0, 'the new file', 30_000);
  const before = linesOf(moved);
  // What comes now is written by the supervisor for all of its processes.
  const [former] = (await site.api.restartWorkers({ rolling: true })).map(({ pid }) => pid);
  expect(former).toBeGreaterThan(0);
  const roles = () => new Set(linesOf(file).map(({ role }) => role));
  await until(() => roles().has('core') && roles().has('executor'), 'lines of others', 30_000);
  expect(roles()).toContain('supervisor');
  expect(linesOf(moved)).toEqual(before);
  expect(await daemon.stop()).toBe(0);
});
