/**
 * What fan-out wants to reach, each as a ratio to a peer of the same run. Pure; a goal whose peer was not
 * measured is left out.
 */

/** Where the server in C was not measured: it reaches about 1.1 times what prepared bytes from Node do. */
const SHARE_OF_LIMIT = 0.75;
const SHARE_OF_BARE = 0.82;

const GOALS = [
  ['broadcast', 'rate', 'socket.io', 'least', 15],
  ['broadcast', 'rate', 'limit', 'least', SHARE_OF_LIMIT],
  ['broadcast', 'rate', 'bare', 'least', SHARE_OF_BARE],
  ['one', 'rate', 'socket.io', 'least', 1.7],
  ['own', 'rate', 'socket.io', 'least', 2],
  ['paced', 'p99', 'socket.io', 'most', 0.8],
  ['memory', 'KiB a connection', 'socket.io', 'most', 0.6],
];

/** Compared with itself: what one subscriber that does not read costs the others. */
const OWN_GOALS = [['stalled', 'p99, times all read', 'most', 1.25]];

/** The same without the other processes that share the machine: messages for the same CPU time of the server. */
const BY_CPU = ['broadcast', 'one', 'own'];

/** @returns {{ what: string, goal: string, measured: number, met: boolean }[]} */
export function judge(medians) {
  const wanted = GOALS.filter(
    ([workload, , peer]) => peer !== 'bare' || medians[workload]?.limit === undefined,
  );
  const own = OWN_GOALS.map(([workload, figure, kind, goal]) =>
    toRow(`${workload} ${figure}`, kind, goal)(medians[workload]?.taskbell?.[figure]),
  );
  return [...wanted.flatMap((goal) => toRows(medians, goal)), ...own].filter(({ measured }) =>
    Number.isFinite(measured),
  );
}

function toRows(medians, [workload, figure, peer, kind, goal]) {
  const own = medians[workload]?.taskbell;
  const other = medians[workload]?.[peer];
  const row = toRow(`${workload} ${figure}: times ${peer}`, kind, goal);
  const rows = [row(own?.[figure] / other?.[figure])];
  if (kind === 'least' && BY_CPU.includes(workload)) {
    const byCpu = toRow(`${workload} for the same CPU time: times ${peer}`, kind, goal);
    rows.push(byCpu(other?.[`cpu.${peer}`] / own?.['cpu.gateway']));
  }
  return rows;
}

function toRow(what, kind, goal) {
  const isLeast = kind === 'least';
  return (measured) => ({
    ...{ what, goal: `${isLeast ? '>=' : '<='} ${goal}`, measured },
    met: isLeast ? measured >= goal : measured <= goal,
  });
}
