/** The events suite: fan-out to subscribers, from Taskbell's durable log and from the peers' memory. */
import path from 'node:path';
import { describeDisturbance, describeMachine } from '../harness/machine.mjs';
import { canPin } from '../harness/pinning.mjs';
import { publish, runRounds } from '../harness/rounds.mjs';
import { chosen, OURS } from './contenders.mjs';
import { asMarkdown, asText } from './report.mjs';
import { chosenWorkloads } from './workloads.mjs';

export async function run(options) {
  const contenders = chosen(options.peers);
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
