import { tmpdir } from 'node:os';
import { expect, it } from 'vitest';
import { describeReload } from '../../src/cli/commands/config/reload.ts';
import { runCommand } from './run-command.ts';

const NOTHING = {
  file: '/etc/taskbell/config.ini',
  applied: [],
  needRestart: [],
  replaced: { executors: 0, gateways: 0 },
  others: [],
};

it('says that nothing has changed', () => {
  expect(describeReload(NOTHING)).toEqual(['nothing has changed']);
});

it('names what holds now, what waits for a restart, and which processes are fresh', () => {
  const lines = describeReload({
    ...NOTHING,
    applied: [
      { section: 'job:mail', key: 'concurrency', from: '', to: '10' },
      { section: 'auth', key: 'publicKeyFile', from: '/k/public.pem', to: '/k/public.pem' },
      { section: 'queue:q', key: null, from: '', to: '' },
    ],
    needRestart: [
      { section: 'daemon', key: 'dataDirectory', from: '/a', to: '/b' },
      { section: 'job:render', key: null, from: 'there', to: '' },
    ],
    replaced: { executors: 0, gateways: 2 },
  });
  expect(lines).toEqual([
    'now       [job:mail] concurrency: (empty) → 10',
    'now       [auth] publicKeyFile: other content',
    'now       [queue:q]',
    'restart   [daemon] dataDirectory: /a → /b',
    'restart   [job:render] (removed)',
    'gateways replaced: 2',
    'What is marked restart holds from the next start on.',
  ]);
});

it('refuses settings on the command line, which the service would not hear of', async () => {
  const words = ['config', 'reload', '--set', 'daemon.logLevel=debug'];
  const { exitCode, stderr } = await runCommand(words, { cwd: tmpdir() });
  expect(exitCode).toBe(64);
  expect(stderr).toContain('config reload takes no --set');
});
