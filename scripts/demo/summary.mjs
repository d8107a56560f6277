/**
 * Compares what was expected with what arrived, and draws the table. Pure.
 */

const HEADINGS = ['job', 'type', 'state', 'attempts', 'duration', 'report', 'events'];

/**
 * @param planned the jobs of the plan, each with its `id`
 * @param views what `taskbell job show` says, by id
 * @param fileSizes bytes of each job's file, by id; 0 for none
 * @returns what is missing, a sentence each
 */
export function findMissing({ planned, views, ledger, fileSizes }) {
  return planned.flatMap((job) => {
    const view = views.get(job.id);
    const name = `job ${job.id} (${job.type})`;
    const wanted = [
      [view?.state === job.ends, `${name} is ${view?.state}, not ${job.ends}`],
      [
        view?.attempt === job.attempts,
        `${name} had ${view?.attempt} attempts, not ${job.attempts}`,
      ],
      [isReported(job, ledger), `${name}: the service has not received ${reportName(job)}`],
      ...topicsOf(job).map((topic) => [
        hasArrived(job, topic, ledger),
        `${name}: the subscriber has not received ${topic.type} ${topic.id}`,
      ]),
      [job.file === undefined || fileSizes.get(job.id) > 0, `${name} has not written ${job.file}`],
    ];
    return wanted.filter(([holds]) => !holds).map(([, sentence]) => sentence);
  });
}

/** Everything has arrived that the service and the subscriber wait for. */
export function isComplete(planned, ledger) {
  return planned.every(
    (job) =>
      isReported(job, ledger) && topicsOf(job).every((topic) => hasArrived(job, topic, ledger)),
  );
}

function reportName(job) {
  return job.ends === 'succeeded' ? 'Task Finish' : 'Task Failed';
}

/** The topics that the subscriber must hear of a job. */
export function topicsOf(job) {
  return [{ type: 'job', id: job.id }, ...job.events];
}

function isReported(job, ledger) {
  return ledger.reportOf(job.id)?.message.message === reportName(job);
}

/** Of its own topic a job's end is wanted, not just any news. */
function hasArrived(job, topic, ledger) {
  return topic.type === 'job' ? ledger.statesOf(job.id).includes(job.ends) : ledger.has(topic);
}

export function renderTable({ planned, views, ledger }) {
  const rows = planned.map((job) => {
    const view = views.get(job.id);
    const topics = topicsOf(job);
    const arrived = topics.filter((topic) => hasArrived(job, topic, ledger));
    return [
      job.id,
      job.type,
      view?.state ?? '?',
      String(view?.attempt ?? '?'),
      typeof view?.duration === 'number' ? `${view.duration.toFixed(0)} ms` : '-',
      ledger.reportOf(job.id)?.message.message ?? 'missing',
      `${arrived.length}/${topics.length} ${arrived.map(({ type }) => type).join(', ')}`,
    ];
  });
  return renderRows([HEADINGS, ...rows]);
}

function renderRows(rows) {
  const widths = HEADINGS.map((_, column) => Math.max(...rows.map((row) => row[column].length)));
  const lines = rows.map((row) =>
    row
      .map((cell, column) => cell.padEnd(widths[column]))
      .join('  ')
      .trimEnd(),
  );
  const rule = widths.map((width) => '─'.repeat(width)).join('  ');
  return [lines[0], rule, ...lines.slice(1)].join('\n');
}
