/** A V8 CPU profile as a list of functions by self time. Pure. */

/**
 * Functions of the engine and of native modules have no place of their own: they are listed once
 * for each function that calls them.
 *
 * @returns {{ name: string, place: string, ms: number, share: number }[]} the most expensive first;
 *   share of the busy time, for the process's idle time is left out
 */
export function topFunctions(profile, limit, root = '') {
  const selfUs = selfTimes(profile);
  const callers = callersOf(profile);
  const totals = new Map();
  for (const { id, callFrame } of profile.nodes) {
    if (callFrame.functionName === '(idle)') continue;
    const { name, place } = describe(callFrame, callers.get(id), root);
    const key = `${name} ${place}`;
    const entry = totals.get(key) ?? { name, place, us: 0 };
    entry.us += selfUs.get(id) ?? 0;
    totals.set(key, entry);
  }
  const entries = [...totals.values()].sort((a, b) => b.us - a.us);
  const busyUs = entries.reduce((sum, { us }) => sum + us, 0);
  return entries
    .slice(0, limit)
    .map(({ name, place, us }) => ({ name, place, ms: us / 1_000, share: us / busyUs }));
}

function callersOf({ nodes }) {
  const callers = new Map();
  for (const { callFrame, children = [] } of nodes) {
    for (const child of children) callers.set(child, callFrame);
  }
  return callers;
}

function describe(frame, caller, root) {
  const name = frame.functionName || '(anonymous)';
  if (frame.url !== '') return { name, place: placeOf(frame, root) };
  // "(garbage collector)" and "(program)" happen to whoever runs at that moment.
  if (caller === undefined || name.startsWith('(')) return { name, place: '' };
  return {
    name: `${name} < ${caller.functionName || '(anonymous)'}`,
    place: placeOf(caller, root),
  };
}

/** Each sample stands for the time until the next one. */
function selfTimes({ samples, timeDeltas }) {
  const times = new Map();
  for (const [i, id] of samples.entries()) {
    times.set(id, (times.get(id) ?? 0) + (timeDeltas[i + 1] ?? 0));
  }
  return times;
}

function placeOf({ url, lineNumber }, root) {
  if (url === '') return '';
  return `${url.replace(`file://${root}/`, '')}:${lineNumber + 1}`;
}
