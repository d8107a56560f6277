/** The measurements of one run as tables: figures, ratios to Taskbell, goals. Pure. */
import { markdownTable, textTable } from '../harness/table.mjs';
import { judge } from './goals.mjs';

export function asText(summary) {
  return sections(summary, textTable)
    .map(({ title, body }) => `${title}\n${body}`)
    .join('\n\n');
}

export function asMarkdown(summary) {
  return sections(summary, markdownTable)
    .map(({ title, body }) => `### ${title}\n\n${body}`)
    .join('\n\n');
}

function sections(summary, table) {
  const { machine, versions, options } = summary;
  const named = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const about = [
    `${machine.processor}; ${machine.system}; data on ${machine.disk}.`,
    `${named.join(', ')}. Medians of ${options.runs} runs.`,
    `With a queue that costs nothing, the load would make ${count(summary.harnessRate)} adds a second.`,
    ...(summary.disturbance === undefined ? [] : [summary.disturbance]),
  ];
  const bodies = [
    { title: 'Machine and versions', body: about.join('\n') },
    { title: 'Jobs a second; latencies in ms (p50 / p99)', rows: figureRows(summary) },
    { title: 'How many times as fast Taskbell is (latencies: as long)', rows: ratioRows(summary) },
    { title: 'CPU time a job of each process, in microseconds', rows: cpuRows(summary) },
    { title: 'Of Taskbell alone', rows: factRows(summary) },
    { title: 'Goals', rows: goalRows(summary) },
    {
      title: 'Share of one core that the program took that makes the load',
      rows: loadRows(summary),
    },
  ];
  return bodies
    .filter(({ rows }) => rows === undefined || rows.length > 1)
    .map(({ title, body, rows }) => ({ title, body: body ?? table(rows) }));
}

function figureRows(summary) {
  return grid(summary, (figures, { unit }) =>
    unit === 'rate' ? count(figures.rate) : `${short(figures.p50)} / ${short(figures.p99)}`,
  );
}

function ratioRows(summary) {
  const rows = grid(summary, (figures, { name, unit }, { id }) => {
    const own = summary.medians[name].taskbell;
    if (own === undefined || id === 'taskbell') return '';
    if (unit === 'rate') return short(own.rate / figures.rate);
    return `${short(own.p50 / figures.p50)} / ${short(own.p99 / figures.p99)}`;
  });
  return rows.filter(([, ...cells]) => cells.some((cell) => cell !== ''));
}

function loadRows(summary) {
  return grid(summary, ({ load }) => (load === undefined ? '' : `${Math.round(load * 100)} %`));
}

/** One row a contender, one column a workload that more than one could take part in. */
function grid({ contenders, workloads, medians }, cell) {
  const columns = workloads.filter(
    ({ own, name }) => !own && Object.keys(medians[name]).length > 0,
  );
  if (columns.length === 0) return [];
  const rows = contenders.map((contender) => [
    contender.title,
    ...columns.map((workload) => {
      const figures = medians[workload.name][contender.id];
      return figures === undefined ? '' : cell(figures, workload, contender);
    }),
  ]);
  return [['', ...columns.map(({ title }) => title)], ...rows];
}

function cpuRows({ contenders, medians }) {
  const rows = contenders.flatMap(({ id, title }) => {
    const figures = medians.drain?.[id] ?? {};
    const costs = Object.entries(figures).filter(([name]) => name.startsWith('cpu.'));
    return costs.map(([name, us]) => [title, name.slice('cpu.'.length), short(us)]);
  });
  return [['drain', 'process', 'us a job'], ...rows];
}

function factRows({ workloads, medians }) {
  const rows = workloads
    .filter(({ own }) => own)
    .flatMap(({ name, title }) =>
      Object.entries(medians[name].taskbell ?? {}).map(([fact, value]) => [
        title,
        fact,
        short(value),
      ]),
    );
  return [['', '', 'measured'], ...rows];
}

function goalRows({ medians }) {
  const rows = judge(medians).map(({ what, goal, measured, met }) => [
    what,
    goal,
    short(measured),
    met ? 'yes' : 'no',
  ]);
  return [['', 'goal', 'measured', 'met'], ...rows];
}

function count(value) {
  return Math.round(value).toLocaleString('en');
}

/** Three digits are what a measurement like this is worth. */
function short(value) {
  return Number(value.toPrecision(3)).toLocaleString('en');
}
