import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { loadSettings } from '../../src/config/load-settings.ts';

function load(ini: string) {
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-events-'));
  onTestFinished(() => rmSync(directory, { recursive: true }));
  const config = path.join(directory, 'config.ini');
  writeFileSync(config, ini, { mode: 0o600 });
  const { settings } = loadSettings({
    ...{ flags: { config, overrides: [] }, environment: {}, cwd: directory },
    systemDirectory: directory,
  });
  return { directory, events: settings.events };
}

it('reads how an event type is delivered, kept and checked', () => {
  const { directory, events } = load(
    '[event:invoicePaid]\nretention = 7d\nretentionCount = 100\nschema = a/b.json\n[event:cursorMove]\ndelivery = volatile\n',
  );
  const kept = { delivery: 'durable', retention: null, retentionCount: null };
  const bare = { description: '', presence: false, ...kept };
  expect(events).toMatchObject([
    {
      ...{ ...bare, name: 'invoicePaid', retention: 7 * 86_400_000, retentionCount: 100 },
      schema: path.join(directory, 'a/b.json'),
    },
    { ...bare, name: 'cursorMove', delivery: 'volatile', schema: null },
  ]);
});

it('takes a section for a built-in type, but not for one that Taskbell alone publishes', () => {
  expect(load('[event:issueUpdate]\ndelivery = volatile\n').events).toMatchObject([
    { name: 'issueUpdate', delivery: 'volatile' },
  ]);
  for (const name of ['job', 'queue', 'IssueUpdate', 'access']) {
    expect(() => load(`[event:${name}]\n`)).toThrow(/is built in/);
  }
});

it('refuses a retention of what is not kept, with its line', () => {
  expect(() =>
    load('[event:x]\ndelivery = volatile\nretention = 1d\nretentionCount = 5\n'),
  ).toThrow(
    /config\.ini:3: \[event:x\] retention: events with delivery = volatile are not kept[\s\S]*config\.ini:4/,
  );
});
