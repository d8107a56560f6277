/**
 * Makes test/fixtures/releases/VERSION of the present build: a database with jobs of every state, schedules,
 * events, cursors, users and grants, and what a service on it answers, byte by byte. Run it once for each
 * release, before the tag: node scripts/make-golden.mjs. What was released is never made again.
 */
import { cpSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import SqliteDatabase from 'better-sqlite3';
import { GoldenSite } from './golden/golden-site.mjs';
import { stepsFor } from './golden/steps.mjs';

const root = path.resolve(import.meta.dirname, '..');
const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8'));
const target = path.join(root, 'test/fixtures/releases', version);
const scratch = mkdtempSync(path.join(tmpdir(), 'taskbell-golden-'));
const FAR = '2999-12-31T23:59:59Z';

async function fill(site) {
  const post = async (requestPath, body) => {
    const answer = JSON.parse(await site.http('POST', requestPath, body));
    if (answer.code !== undefined && answer.title !== undefined)
      throw new Error(JSON.stringify(answer));
    return answer;
  };
  const add = async (name, more = {}) =>
    (await post('/v1/jobs', { type: 'work', payload: { name, ...more.payload }, ...more.job })).id;
  const ended = (id) => site.http('GET', `/v1/jobs/${id}/wait?timeout=30`);

  const ids = {};
  ids.succeeded = await add('Ada', {
    payload: { emit: true },
    job: { userId: 'ada', priority: 5 },
  });
  await ended(ids.succeeded);
  ids.failed = await add('Bob', { payload: { fail: true } });
  await ended(ids.failed);
  ids.cancelled = await add('Eve', { job: { runAt: FAR } });
  await post(`/v1/jobs/${ids.cancelled}/cancel`, {});
  ids.scheduled = await add('Zoe', { job: { runAt: FAR, group: 'acme' } });
  ids.waiting = await add('Yan', { job: { after: [ids.scheduled] } });
  ids.retrying = await add('Kim', {
    payload: { fail: true },
    job: { retries: 1, backoff: { kind: 'fixed', delayMs: 3_600_000 }, queue: 'held' },
  });
  await until(async () => (await stateOf(site, ids.retrying)) === 'retrying');
  ids.running = await add('Lea', { payload: { until: '/nowhere/at/all' }, job: { queue: 'held' } });
  await until(async () => (await stateOf(site, ids.running)) === 'running');
  await post('/v1/queues/held/pause', {});
  ids.queued = await add('Max', { job: { queue: 'held', unique: { key: 'only-max' } } });

  await post('/v1/schedules', {
    name: 'nightly',
    cron: '30 2 * * *',
    job: 'work',
    payload: { name: 'night' },
  });
  await post('/v1/schedules/nightly/pause', {});
  for (const rows of [1, 2]) {
    await post('/v1/events', { type: 'datasetUpdate', id: 'd1', data: [{ rows, text: 'ä✓' }] });
  }
  await post('/v1/users', { id: 'ada', name: 'Ada' });
  await post('/v1/grants', { user: 'ada', type: 'datasetUpdate', id: 'd1' });
  await post('/v1/tokens/revocations', { tokenId: 'lost-one' });
  await post('/v1/events/cursors', { moves: [{ user: 'ada', name: 'device-1', seq: '3' }] });
  return ids;
}

async function stateOf(site, id) {
  return JSON.parse(await site.http('GET', `/v1/jobs/${id}`)).state;
}

async function until(holds) {
  const endMono = performance.now() + 30_000;
  while (!(await holds())) {
    if (performance.now() > endMono) throw new Error('it did not come to that within 30 s');
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** One file without a log beside it, as a stop would leave it; the killed service left both. */
function settle(file) {
  const db = new SqliteDatabase(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.pragma('journal_mode = DELETE');
  db.close();
}

async function transcribe(steps, name) {
  const directory = path.join(scratch, name);
  mkdirSync(path.join(directory, 'data'), { recursive: true, mode: 0o700 });
  cpSync(path.join(target, 'taskbell.db'), path.join(directory, 'data/taskbell.db'));
  const site = new GoldenSite(directory);
  try {
    await site.start();
    const answers = [];
    for (const step of steps) answers.push({ ...step, answers: await site.take(step) });
    return answers;
  } finally {
    await site.stop();
  }
}

const site = new GoldenSite(path.join(scratch, 'fill'));
try {
  await site.start();
  const ids = await fill(site);
  // A running job can only be left behind by a service that was killed.
  await site.stop('SIGKILL');
  // Its processes see that they are alone, and end.
  await until(async () =>
    site.http('GET', '/v1/status').then(
      () => false,
      () => true,
    ),
  );
  mkdirSync(target, { recursive: true });
  const file = path.join(target, 'taskbell.db');
  rmSync(file, { force: true });
  cpSync(path.join(scratch, 'fill/data/taskbell.db'), file);
  cpSync(path.join(scratch, 'fill/data/taskbell.db-wal'), `${file}-wal`);
  settle(file);
  const steps = await transcribe(stepsFor(ids), 'first');
  const again = await transcribe(stepsFor(ids), 'second');
  for (const [n, step] of steps.entries()) {
    if (JSON.stringify(step) === JSON.stringify(again[n])) continue;
    throw new Error(
      `differs from run to run:\n${JSON.stringify(step)}\n${JSON.stringify(again[n])}`,
    );
  }
  const lines = [{ version, ids }, ...steps].map((line) => `${JSON.stringify(line)}\n`);
  writeFileSync(path.join(target, 'transcript.jsonl'), lines.join(''));
} finally {
  await site.stop('SIGKILL');
  rmSync(scratch, { recursive: true, force: true });
}
