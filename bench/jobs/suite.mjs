/** The jobs suite: which contenders and workloads take part, and how much of a figure could be the load's own. */
import path from 'node:path';
import { describeDisturbance, describeMachine } from '../harness/machine.mjs';
import { isThere, publish, runRounds } from '../harness/rounds.mjs';
import { chosen, OURS } from './contenders.mjs';
import { asMarkdown, asText } from './report.mjs';
import { add64 } from './workloads/adding.mjs';
import { chosenWorkloads } from './workloads.mjs';

export async function run(options) {
  const contenders = chosen(options.peers).filter(isThere);
  const workloads = chosenWorkloads(options.only).filter(isThere);
  const about = { machine: describeMachine(), disturbance: describeDisturbance() };
  if (about.disturbance !== undefined) console.log(about.disturbance);
  about.harnessRate = await measureHarness();
  const oneRun = path.join(import.meta.dirname, 'one-run.mjs');
  const { results, ...measured } = await runRounds({
    ...{ oneRun, contenders, workloads, takesPart, options },
  });
  const summary = { ...about, ...measured, contenders, workloads, options };
  publish(summary, results, { asText, asMarkdown, suite: 'bench' });
}

function takesPart({ id }, workload) {
  if (workload.own) return id === OURS.id;
  return workload.contenders === undefined || workload.contenders.includes(id);
}

/** What the loops of the load could do if adding cost nothing: far above every contender, or nothing here counts. */
async function measureHarness() {
  const { rate } = await add64({ processes: {}, add: async () => {} }, { seconds: 0.5 });
  return rate;
}
