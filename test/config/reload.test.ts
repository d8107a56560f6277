import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestFiles } from '../../src/config/file-digests.ts';
import { reloadOf } from '../../src/config/key-definition.ts';
import { SECTIONS } from '../../src/config/keys.ts';
import { loadSettings } from '../../src/config/load-settings.ts';
import { planReload, type Reading } from '../../src/config/reload.ts';

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-reload-'));
});

afterEach(() => rmSync(directory, { recursive: true }));

function read(text: string): Reading {
  const config = path.join(directory, 'config.ini');
  writeFileSync(config, text, { mode: 0o600 });
  const loaded = loadSettings({ flags: { config }, environment: {}, cwd: directory });
  return { loaded, files: digestFiles(loaded.sections) };
}

const plan = (before: string, after: string) => planReload(read(before), read(after));

describe('planReload', () => {
  it('takes a live key, and needs no fresh process for it', () => {
    const { applied, needRestart, roles, effective } = plan('', '[daemon]\nlogLevel = debug\n');
    expect(applied).toEqual([{ section: 'daemon', key: 'logLevel', from: 'info', to: 'debug' }]);
    expect([needRestart, [...roles]]).toEqual([[], []]);
    expect(effective.loaded.settings.daemon.logLevel).toBe('debug');
  });

  it('keeps the former value of a key that needs a restart, also for the reload after the next', () => {
    const before = read('[daemon]\ndataDirectory = ./a\n');
    const once = planReload(before, read('[daemon]\ndataDirectory = ./b\nlogLevel = warn\n'));
    expect(once.needRestart).toMatchObject([
      { key: 'dataDirectory', to: path.join(directory, 'b') },
      { key: 'controlSocket' },
    ]);
    const { daemon } = once.effective.loaded.settings;
    expect(daemon).toMatchObject({ dataDirectory: path.join(directory, 'a'), logLevel: 'warn' });
    const twice = planReload(once.effective, read('[daemon]\ndataDirectory = ./b\n'));
    expect(twice.needRestart.map(({ key }) => key)).toEqual(['dataDirectory', 'controlSocket']);
    expect(planReload(once.effective, before).needRestart).toEqual([]);
  });

  it('names whose processes read a change when they start', () => {
    expect([...plan('', '[worker]\nconcurrency = 3\n').roles]).toEqual(['executor']);
    expect([...plan('', '[access]\nusers = directory\n').roles]).toEqual(['gateway']);
    expect([...plan('', '[webSocketEvents]\norigins = https://a.example\n').roles]).toEqual([
      'gateway',
    ]);
    expect([...plan('', '[job:a]\nretries = 3\n').roles]).toEqual([]);
    expect([...plan('', '[job:a]\ncommand = true\n').roles]).toEqual(['executor']);
    expect([...plan('', '[queue:q]\nconcurrency = 1\n[retention]\nevents = 1d\n').roles]).toEqual(
      [],
    );
  });

  it('takes sections that come and go, one that says nothing included', () => {
    const schedule = '[schedule:s]\nevery = 1h\njob = a\n';
    const comes = plan('', `${schedule}[queue:q]\n`);
    expect(comes.applied).toMatchObject([
      { section: 'schedule:s', key: 'every', from: '', to: expect.any(String) },
      { section: 'schedule:s', key: 'job', from: '', to: 'a' },
      { section: 'queue:q', key: null },
    ]);
    const goes = plan(`${schedule}[queue:q]\nconcurrency = 2\n`, '');
    expect(goes.applied.map(({ section, key, to }) => [section, key, to])).toEqual([
      ['schedule:s', 'every', ''],
      ['schedule:s', 'job', ''],
      ['queue:q', 'concurrency', ''],
    ]);
    expect(goes.effective.loaded.settings).toMatchObject({ schedules: [], queues: [] });
  });

  it('leaves a section as a whole to the restart when one of its keys waits for it', () => {
    const section = '[job:a]\nprocesses = 2\nretries = 1\n';
    const comes = plan('', section);
    expect(comes.needRestart).toEqual([{ section: 'job:a', key: null, from: '', to: 'new' }]);
    expect([comes.applied, comes.effective.loaded.settings.jobs]).toEqual([[], []]);
    const goes = plan(section, '');
    expect(goes.needRestart).toMatchObject([{ section: 'job:a', key: null, to: '' }]);
    expect(goes.effective.loaded.settings.jobs).toMatchObject([{ name: 'a', processes: 2 }]);
  });

  it('sees that a key file has other content under the name that it had', () => {
    const key = path.join(directory, 'public.pem');
    writeFileSync(key, 'one');
    const text = `[auth]\npublicKeyFile = ${key}\n`;
    const before = read(text);
    expect(planReload(before, read(text)).applied).toEqual([]);
    writeFileSync(key, 'two');
    const { applied, roles, effective } = planReload(before, read(text));
    expect(applied).toEqual([{ section: 'auth', key: 'publicKeyFile', from: key, to: key }]);
    expect([...roles]).toEqual(['gateway']);
    expect(planReload(effective, read(text)).applied).toEqual([]);
  });

  it('never shows a secret', () => {
    const before = '[webSocket]\nurl = http://127.0.0.1:1\nauth.token = old-secret\n';
    const { needRestart } = plan(before, before.replace('old-secret', 'new-secret'));
    expect(needRestart).toEqual([
      { section: 'webSocket', key: 'auth.token', from: '***', to: '***' },
    ]);
  });
});

describe('the table of keys', () => {
  it('says of each key what a change of it needs', () => {
    const marks = SECTIONS.flatMap((section) =>
      Object.values(section.keys).map((definition) => reloadOf(section, definition)),
    );
    expect([...new Set(marks)].toSorted()).toEqual(['executors', 'gateways', 'live', 'restart']);
  });
});
