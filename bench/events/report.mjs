/** The measurements of one run as tables: figures, ratios to Taskbell, goals, what the load took. Pure. */
import { markdownTable, textTable } from '../harness/table.mjs';
import { judge } from './goals.mjs';

export function asText(summary) {
  return sections(summary, textTable)
    .map(({ title, body }) => `${title}\n${body}`)
    .join('\n\n');
}

export function asMarkdown(summary) {
  return sections(summary, markdownTable)
    .map(({ title, body }) => `### Events: ${title}\n\n${body}`)
    .join('\n\n');
}

function sections(summary, table) {
  const bodies = [
    { title: 'machine and versions', body: aboutOf(summary) },
    {
      title: 'delivered a second (us of the server a message); ms (p50 / p99); KiB',
      rows: grid(summary, figureCell),
    },
    {
      title: 'how many times as much Taskbell delivers (latencies, memory: as long, as much)',
      rows: grid(summary, ratioCell, ({ id }) => id !== 'taskbell'),
    },
    { title: 'goals', rows: goalRows(summary) },
    { title: "CPU time a message of each of Taskbell's processes, in us", rows: cpuRows(summary) },
    { title: 'one subscriber that does not read', rows: factRows(summary) },
    {
      title: "share of one core: subscribers + publisher (+ Taskbell's core)",
      rows: grid(summary, shareCell),
    },
  ];
  return bodies
    .filter(({ rows }) => rows === undefined || rows.length > 1)
    .map(({ title, body, rows }) => ({ title, body: body ?? table(rows) }));
}

function aboutOf({ machine, versions, options, isPinned, disturbance, medians }) {
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const counts = Object.values(medians.memory ?? {}).map(({ connections }) => connections);
  return [
    `${machine.processor}; ${machine.system}.`,
    `${named.join(', ')}. Medians of ${options.runs} runs.`,
    isPinned
      ? 'The process that serves the subscribers has the first core to itself, the subscribers and everything else share the rest.'
      : 'Nothing is pinned: there is no second core, or no taskset.',
    readersOf(options),
    `${options.subscribers.toLocaleString('en')} subscribers of one topic; ${options.topics.toLocaleString('en')} topics of one subscriber.`,
    ...(counts.length === 0
      ? []
      : [`Memory of ${Math.min(...counts).toLocaleString('en')} connections.`]),
    ...(disturbance === undefined ? [] : [disturbance]),
  ].join('\n');
}

const WAITS = {
  look: 'looks every 50 us for what has come, and sleeps in between',
  spin: 'polls at the lowest priority',
  sleep: 'sleeps whenever there is nothing to read, so that servers pay for waking it',
};

function readersOf({ programs, wait }) {
  if (programs.missing !== undefined)
    return `The subscribers are read by the Node process that publishes, which may be the limit: ${programs.missing}.`;
  return `The subscribers are read by a process in C, which ${WAITS[wait]}.`;
}

function figureCell(figures, { unit }, { id }) {
  if (unit === 'latency') return `${short(figures.p50)} / ${short(figures.p99)}`;
  if (unit === 'memory') return short(figures['KiB a connection']);
  return `${Math.round(figures.rate).toLocaleString('en')} (${short(serverUs(figures, id))})`;
}

function ratioCell(figures, { name, unit }, _, own = {}) {
  if (own[name] === undefined) return '';
  const ratio = (figure) => short(own[name][figure] / figures[figure]);
  if (unit === 'latency') return `${ratio('p50')} / ${ratio('p99')}`;
  return ratio(unit === 'memory' ? 'KiB a connection' : 'rate');
}

/** Whoever shares the cores that the server has not: nobody of them may be what everything waits for. */
function shareCell(figures) {
  const { rate, crowd, publisher, 'cpu.core': coreUs } = figures;
  if (crowd === undefined) return '';
  const core = coreUs === undefined ? undefined : (coreUs * rate) / 1e6;
  const shares = [crowd, publisher, core].filter((share) => share !== undefined);
  return shares.map((share) => `${Math.round(share * 100)} %`).join(' + ');
}

function serverUs(figures, id) {
  return figures[id === 'taskbell' ? 'cpu.gateway' : `cpu.${id}`];
}

/** One row a contender, one column a workload that all take part in. */
function grid({ contenders, workloads, medians }, cell, isShown = () => true) {
  const columns = workloads.filter(
    ({ own, name }) => !own && Object.keys(medians[name]).length > 0,
  );
  if (columns.length === 0) return [];
  const ours = Object.fromEntries(columns.map(({ name }) => [name, medians[name].taskbell]));
  const rows = contenders.filter(isShown).map((contender) => [
    contender.title,
    ...columns.map((workload) => {
      const figures = medians[workload.name][contender.id];
      return figures === undefined ? '' : cell(figures, workload, contender, ours);
    }),
  ]);
  return [['', ...columns.map(({ title }) => title)], ...rows];
}

function goalRows({ medians }) {
  const rows = judge(medians).map(({ what, goal, measured, met }) => [
    ...[what, goal, short(measured), met ? 'yes' : 'no'],
  ]);
  return [['', 'goal', 'measured', 'met'], ...rows];
}

function cpuRows({ workloads, medians }) {
  const rows = workloads.flatMap(({ name, title }) =>
    Object.entries(medians[name]?.taskbell ?? {})
      .filter(([figure]) => figure.startsWith('cpu.'))
      .map(([figure, us]) => [title, figure.slice('cpu.'.length), short(us)]),
  );
  return [['', 'process', 'us a message'], ...rows];
}

function factRows({ medians }) {
  const rows = Object.entries(medians.stalled?.taskbell ?? {});
  return [['', 'measured'], ...rows.map(([fact, value]) => [fact, short(value)])];
}

/** Three digits are what a measurement like this is worth. */
function short(value) {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
