/** CPU profiles of the daemon's processes over the measured part of a workload, as lines of text. */
import { existsSync, mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import { topFunctions } from '../harness/cpu-profile.mjs';
import { until } from '../harness/processes.mjs';

const PRELOAD = pathToFileURL(path.join(import.meta.dirname, '../preload/profiler.mjs'));
const SHOWN = { core: 40, executor: 12 };

/** @param shown which roles, and how many functions of each */
export function openProfiler(directory, tree, shown = SHOWN) {
  const folder = path.join(directory, 'profiles');
  mkdirSync(folder);
  const signalAll = (processes) => {
    for (const role of Object.keys(shown)) process.kill(processes[role], 'SIGUSR2');
  };
  return {
    env: { NODE_OPTIONS: `--import=${PRELOAD}`, BENCH_PROFILE_FOLDER: folder },
    /** Begins, and the second time ends. */
    toggle: signalAll,
    lines: async (processes) => {
      const lists = Object.entries(shown).map(async ([role, limit]) => {
        const file = path.join(folder, `${processes[role]}.cpuprofile`);
        await until(() => existsSync(file), {
          what: `the profile of the ${role}`,
          withinMs: 60_000,
        });
        const profile = JSON.parse(readFileSync(file, 'utf8'));
        return [
          `  ${role}: busy time by function`,
          ...topFunctions(profile, limit, tree).map(toLine),
        ];
      });
      return (await Promise.all(lists)).flat();
    },
  };
}

function toLine({ name, place, ms, share }) {
  const percent = (share * 100).toFixed(1).padStart(5);
  return `  ${percent} %  ${ms.toFixed(0).padStart(6)} ms  ${name}  ${place}`;
}
