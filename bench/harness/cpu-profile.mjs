/** A V8 CPU profile as a list of functions by self time. Pure. */

/** @returns {{ name: string, place: string, ms: number, share: number }[]} the most expensive first; idle time left out */
export function topFunctions(profile, limit, root = '') {
  const selfUs = selfTimes(profile);
  const totals = new Map();
  for (const { id, callFrame } of profile.nodes) {
    if (callFrame.functionName === '(idle)') continue;
    const place = placeOf(callFrame, root);
    const name = callFrame.functionName || '(anonymous)';
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
