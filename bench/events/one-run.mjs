/**
 * One contender, one workload, one time, in a process of its own, which publishes as well. The
 * measurement goes to the parent over IPC.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closeAll, closeOnSignals, onClose } from '../harness/closing.mjs';
import { openProfiler } from '../jobs/profiler.mjs';
import { CONTENDERS, OURS } from './contenders.mjs';
import { openSession } from './session.mjs';
import { WORKLOADS } from './workloads.mjs';

const PROFILED = { gateway: 40, core: 15 };

const { contender: id, workload: name, options } = JSON.parse(process.argv[2]);
const contender = CONTENDERS.find((each) => each.id === id);
const workload = WORKLOADS.find((each) => each.name === name);

closeOnSignals();
const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-bench-'));
onClose(() => rmSync(directory, { recursive: true, force: true }));
try {
  tell({ measured: await run() });
  process.exitCode = 0;
} catch (error) {
  tell({ error: error.stack });
} finally {
  await closeAll();
  if (process.connected) process.disconnect();
}

/** A parent that is gone already was told to stop: nobody waits for the answer. */
function tell(message) {
  if (process.connected) process.send(message);
}

async function run() {
  const profiler =
    options.profile && workload.unit === 'rate' && id === OURS.id
      ? openProfiler(directory, options.tree, PROFILED)
      : undefined;
  const session = await openSession(contender, directory, {
    ...{ tree: options.tree, programs: options.programs, env: profiler?.env },
  });
  if (profiler !== undefined) session.onMeasured = () => profiler.toggle(session.processes);
  const figures = await workload.run(session, options);
  const lines = await profiler?.lines(session.processes);
  return { figures, versions: session.versions, lines };
}
