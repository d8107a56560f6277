/**
 * What each release has left behind is opened by the present program: its database, and what its clients were
 * answered. test/fixtures/releases/VERSION is made by scripts/make-golden.mjs.
 */
import { copyFileSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type Database, openDatabase } from '../../src/sqlite/database.ts';

const root = path.resolve(import.meta.dirname, '../..');
const releases = path.join(root, 'test/fixtures/releases');

interface Step {
  readonly http?: string;
  readonly connection?: string;
  readonly answers: readonly string[];
}

interface Transcript {
  readonly ids: Readonly<Record<string, string>>;
  readonly steps: readonly Step[];
}

interface GoldenSite {
  start(): Promise<void>;
  stop(signal?: NodeJS.Signals): Promise<void>;
  http(method: string, requestPath: string): Promise<string>;
  take(step: Step): Promise<readonly string[]>;
}

const SITE = path.join(root, 'scripts/golden/golden-site.mjs');
const { GoldenSite } = (await import(SITE)) as {
  readonly GoldenSite: new (directory: string) => GoldenSite;
};

let directory: string;

beforeEach(() => {
  directory = mkdtempSync(path.join(tmpdir(), 'taskbell-golden-'));
  mkdirSync(path.join(directory, 'data'), { mode: 0o700 });
});

afterEach(() => {
  rmSync(directory, { recursive: true, force: true });
});

function copyOf(version: string): string {
  const file = path.join(directory, 'data', 'taskbell.db');
  copyFileSync(path.join(releases, version, 'taskbell.db'), file);
  return file;
}

function transcriptOf(version: string): Transcript {
  const text = readFileSync(path.join(releases, version, 'transcript.jsonl'), 'utf8');
  const [head, ...steps] = text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  return { ids: head.ids, steps };
}

function schemaOf(db: Database): readonly unknown[] {
  return db
    .prepare(
      "SELECT type, name, tbl_name, sql FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%' ORDER BY 1, 2",
    )
    .all();
}

describe.each(readdirSync(releases))('what %s has left', (version) => {
  test('is opened and migrated, sound, and with the schema of a new database', () => {
    const db = openDatabase(copyOf(version));
    const fresh = openDatabase(path.join(directory, 'fresh.db'));
    try {
      expect(db.pragma('quick_check', { simple: true })).toBe('ok');
      // A difference means that a released step was edited: put it back, and add a step of its own. (Before the
      // release itself: node scripts/make-golden.mjs.)
      expect(schemaOf(db)).toEqual(schemaOf(fresh));
      const states = db.prepare(
        'SELECT state FROM jobs UNION ALL SELECT state FROM finished_jobs ORDER BY 1',
      );
      expect(states.pluck().all()).toEqual([
        'cancelled',
        'failed',
        'queued',
        'retrying',
        'running',
        'scheduled',
        'succeeded',
        'waiting',
      ]);
      const counted = [
        'schedules',
        'users',
        'grants',
        'cursors',
        'token_revocations',
        'job_logs',
        'log',
      ];
      for (const table of counted) {
        expect(db.prepare(`SELECT count(*) FROM ${table}`).pluck().get(), table).toBeGreaterThan(0);
      }
    } finally {
      db.close();
      fresh.close();
    }
  });

  test('is served, and clients are answered as they were', async () => {
    copyOf(version);
    const { ids, steps } = transcriptOf(version);
    const site = new GoldenSite(directory);
    try {
      await site.start();
      for (const step of steps) {
        const { answers, ...question } = step;
        const now = await site.take(step);
        // What is pushed is held byte by byte; an answer of the control API may have got more fields.
        if (question.http === undefined) expect(now, JSON.stringify(question)).toEqual(answers);
        else
          expect(JSON.parse(now[0] ?? ''), question.http).toMatchObject(
            JSON.parse(answers[0] ?? ''),
          );
      }
      // The attempt that was under way when the service was killed is not charged, and runs again.
      const job = JSON.parse(await site.http('GET', `/v1/jobs/${ids.running}`));
      expect(job).toMatchObject({
        state: 'queued',
        attempts: [{ attempt: 1, outcome: 'interrupted' }],
      });
    } finally {
      await site.stop();
    }
  }, 60_000);
});
