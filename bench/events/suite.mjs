/** The events suite: fan-out to subscribers, from Taskbell's durable log and from the peers' memory. */
import path from 'node:path';
import { describeDisturbance, describeMachine } from '../harness/machine.mjs';
import { canPin } from '../harness/pinning.mjs';
import { isThere, publish, runRounds } from '../harness/rounds.mjs';
import { chosen, LIMIT, OURS } from './contenders.mjs';
import { buildPrograms } from './programs.mjs';
import { asMarkdown, asText } from './report.mjs';
import { chosenWorkloads } from './workloads.mjs';

export async function run({ spin, sleep, ...given }) {
  const programs = buildPrograms();
  const options = { ...given, programs, wait: waitOf({ spin, sleep }) };
  const contenders = chosen(options.peers)
    .map((each) => (each.id === LIMIT ? { ...each, missing: () => programs.missing } : each))
    .filter(isThere);
  const workloads = chosenWorkloads(options.only);
  const about = {
    ...{ machine: describeMachine(), disturbance: describeDisturbance(), isPinned: canPin() },
  };
  if (about.disturbance !== undefined) console.log(about.disturbance);
  const oneRun = path.join(import.meta.dirname, 'one-run.mjs');
  const takesPart = ({ id }, { own }) => !own || id === OURS.id;
  const { results, ...measured } = await runRounds({
    ...{ oneRun, contenders, workloads, takesPart, options },
  });
  const summary = { ...about, ...measured, contenders, workloads, options };
  publish(summary, results, { asText, asMarkdown, suite: 'bench events' });
}

/** How the subscribers wait for bytes: see crowd.c, and docs/benchmarks.md for why nobody sleeps unless it is asked for. */
function waitOf({ spin, sleep }) {
  if (spin && sleep) throw new Error('--spin and --sleep exclude each other.');
  if (spin) return 'spin';
  return sleep ? 'sleep' : 'look';
}
