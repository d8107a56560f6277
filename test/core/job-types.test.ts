import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { JobTypeSettings } from '../../src/config/settings.ts';
import { JobTypes } from '../../src/core/job-types.ts';
import { DEFAULT_POLICY } from '../../src/queue/type-policy.ts';
import { manifest } from './scripted-executor.ts';

let directory: string;
beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-types-'));
});
afterEach(() => rmSync(directory, { recursive: true }));

const handler = (name: string) => writeFileSync(path.join(directory, name), '');

function configured(name: string, over: Partial<JobTypeSettings> = {}): JobTypeSettings {
  return {
    ...{ name, command: null, workingDirectory: '/', environment: {}, queue: null },
    ...{ concurrency: null, timeout: null, retries: null, backoff: null, backoffLimit: null },
    ...{ url: null, secretFile: null, header: {}, allowPrivateHosts: [], rate: null },
    ...{ groupConcurrency: null, groupRate: null, backoffKind: null },
    isolate: 'none',
    processes: 0,
    report: true,
    ...over,
  };
}

test('a type is known by its handler file, as soon as it is there and before any executor told of it', () => {
  const types = new JobTypes([], directory);
  expect(types.isKnown('mail')).toBe(false);
  handler('mail.mjs');
  expect(types.isKnown('mail')).toBe(true);
});

test('files that are no handlers make no type', () => {
  for (const name of ['notes.md', 'mail.d.ts', 'mail.test.js', '.hidden.mjs', 'data.json'])
    handler(name);
  expect(new JobTypes([], directory).names()).toEqual([]);
});

test('a command is known by its section, a section without a command is no type', () => {
  const types = new JobTypes(
    [configured('archive', { command: ['tar'] }), configured('ghost')],
    directory,
  );
  expect(types.names()).toEqual(['archive']);
  expect([types.isKnown('archive'), types.isKnown('ghost')]).toEqual([true, false]);
  expect([types.isConfigured('archive'), types.isConfigured('ghost')]).toEqual([true, false]);
});

test('a web hook is known by its section, before any executor told of it', () => {
  const types = new JobTypes([configured('notify', { url: 'https://example.org/' })], directory);
  expect(types.names()).toEqual(['notify']);
  expect([types.isKnown('notify'), types.isConfigured('notify')]).toEqual([true, true]);
});

test('what executors say makes a type known, and its settings count at once', () => {
  const types = new JobTypes([], path.join(directory, 'missing'));
  expect(types.policyOf('mail')).toEqual(DEFAULT_POLICY);
  types.learn([manifest('mail', { settings: { retries: 7, queue: 'post' } })]);
  expect(types.isKnown('mail')).toBe(true);
  expect(types.policyOf('mail')).toEqual({ ...DEFAULT_POLICY, retries: 7, queue: 'post' });
});

test('configuration wins over what the handler says', () => {
  const types = new JobTypes([configured('mail', { retries: 1, timeout: 500 })], directory);
  types.learn([manifest('mail', { settings: { retries: 7, concurrency: 2 } })]);
  expect(types.policyOf('mail')).toMatchObject({ retries: 1, timeoutMs: 500, concurrency: 2 });
});

test('ends are reported unless the section says otherwise', () => {
  const types = new JobTypes(
    [configured('quiet', { report: false }), configured('loud')],
    directory,
  );
  expect(['quiet', 'loud', 'other'].map((type) => types.isReported(type))).toEqual([
    false,
    true,
    true,
  ]);
});
