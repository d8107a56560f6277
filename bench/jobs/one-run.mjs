/**
 * One contender, one workload, one time, in a process of its own, so that nothing of an earlier
 * run is warm or in the way. The measurement goes to the parent over IPC.
 */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { closeAll, closeOnSignals, onClose } from '../harness/closing.mjs';
import { CONTENDERS } from './contenders.mjs';
import { openProfiler } from './profiler.mjs';
import { openSession } from './session.mjs';
import { WORKLOADS } from './workloads.mjs';

const { contender: id, workload: name, options } = JSON.parse(process.argv[2]);
const contender = CONTENDERS.find((each) => each.id === id);
const workload = WORKLOADS.find((each) => each.name === name);

closeOnSignals();
const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-bench-'));
onClose(() => rmSync(directory, { recursive: true, force: true }));
try {
  const given = { tree: options.tree, slowFsyncMs: workload.slowFsyncMs };
  const open = ({ directory: folder = directory, ...extra } = {}) =>
    openSession(contender, folder, { ...given, ...extra });
  const measured = await (workload.own ? workload.run({ open, directory, options }) : run(open));
  tell({ measured });
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

async function run(open) {
  const profiler =
    options.profile && workload.unit === 'rate' && id === 'taskbell'
      ? openProfiler(directory, options.tree)
      : undefined;
  const session = await open(profiler === undefined ? {} : { env: profiler.env });
  if (profiler !== undefined) session.onMeasured = () => profiler.toggle(session.processes);
  const figures = await workload.run(session, { ...options, drainShare: contender.drainShare });
  const lines = await profiler?.lines(session.processes);
  return { figures, versions: session.versions, lines };
}
