/**
 * Whether a job costs more when millions are there: SQL time a job while a thousand are claimed
 * and ended, again and again, once beside 5,000 jobs and once beside a million waiting and a million
 * finished ones; and how long the daemon takes to be ready again.
 */

import { mkdirSync } from 'node:fs';
import path from 'node:path';
import { medianOfRuns } from '../../../harness/statistics.mjs';
import { openMeter } from '../../meter.mjs';
import { PAYLOAD } from '../../payload.mjs';

/** Five times what a round ends: it must not run dry, for the last claims of a queue are no full ones. */
const SMALL = 5_000;
const ROUND = 1_000;
const ROUNDS = 15;
const WARM_UP_ROUNDS = 5;
const CHUNK = 10_000;

export async function backlog({ open, directory, options }) {
  const small = await measure(open, path.join(directory, 'small'), SMALL);
  const large = await measure(open, path.join(directory, 'large'), options.backlog);
  const figures = {
    'SQL us a job, small': small.sqlUs,
    'SQL us a job, large': large.sqlUs,
    'SQL ratio': large.sqlUs / small.sqlUs,
    'reading us a job, small': small.readingUs,
    'reading us a job, large': large.readingUs,
    'reading ratio': large.readingUs / small.readingUs,
    'ready ms, small': small.readyMs,
    'ready ms, large': large.readyMs,
  };
  return { figures, versions: small.versions };
}

async function measure(open, directory, count) {
  mkdirSync(directory);
  const meter = openMeter(directory);
  const filling = await open({ directory });
  await finish(filling, count);
  await addMany(filling, count);
  await filling.daemon.stop();
  const session = await open({ directory, env: meter.env });
  const { readyMs } = session.daemon;
  const costs = await roundsOf(session, meter);
  await session.daemon.stop();
  return { ...costs, readyMs, versions: session.versions };
}

async function finish(session, count) {
  await session.mark();
  await addMany(session, count);
  await session.release();
  await session.whenEnded(count);
  await session.hold();
}

/** What a round has ended is added again after it, so that the backlog stays what it is. */
async function roundsOf(session, meter) {
  const rounds = [];
  for (let round = 0; round < WARM_UP_ROUNDS + ROUNDS; round += 1) {
    const { jobs, ...costs } = await measureRound(session, meter);
    if (round >= WARM_UP_ROUNDS) rounds.push(costs);
    await addMany(session, jobs);
  }
  return medianOfRuns(rounds);
}

async function measureRound(session, meter) {
  const { core } = session.processes;
  const succeeded = async () => (await session.daemon.client.status()).jobs.succeeded;
  const endedBefore = await succeeded();
  const before = await meter.read(core);
  await session.mark();
  await session.release();
  await session.whenEnded(ROUND);
  await session.hold();
  const after = await meter.read(core);
  const jobs = (await succeeded()) - endedBefore;
  return {
    jobs,
    sqlUs: ((after.ms - before.ms) * 1_000) / jobs,
    readingUs: ((after.readingMs - before.readingMs) * 1_000) / jobs,
  };
}

async function addMany(session, count) {
  for (let left = count; left > 0; left -= CHUNK) {
    await session.addMany(Array.from({ length: Math.min(CHUNK, left) }, () => PAYLOAD));
  }
}
