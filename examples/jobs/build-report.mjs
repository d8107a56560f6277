// @ts-check
/**
 * Builds a report by month from a data set of JSON lines with a `date` column: for every column of
 * numbers its mean, least and greatest value; for every other column what was seen most.
 *
 *   taskbell job add build-report '{"input":"weather.jsonl","output":"weather.md","dataset":"weather"}'
 */
import { createReadStream } from 'node:fs';
import { mkdir, rename, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { createInterface } from 'node:readline';

export default {
  timeout: '5m',

  /**
   * @param {{ input: string, output: string, dataset: string }} payload
   * @param {import('taskbell').JobContext} context
   */
  async run({ input, output, dataset }, { id, signal, progress, log, emit }) {
    const months = await groupByMonth(input, signal);
    progress({ fraction: 0.5, message: `${months.size} months` });
    const rows = [...months.values()].reduce((sum, month) => sum + month.length, 0);
    const text =
      path.extname(output) === '.csv' ? toCsv(months) : toMarkdown(dataset, rows, months);
    await mkdir(path.dirname(output), { recursive: true });
    const draft = `${output}.${id}.part`;
    try {
      await writeFile(draft, text, { signal });
      await rename(draft, output);
    } finally {
      await rm(draft, { force: true });
    }
    log(`${rows} rows of ${months.size} months in ${path.basename(output)}`);
    emit({
      type: 'downloadFile',
      id: path.basename(output),
      data: [{ bytes: Buffer.byteLength(text) }],
    });
    return { months: months.size, rows, output };
  },
};

/** @typedef {Record<string, string | number | null>} Row */

/** @param {string} input @param {AbortSignal} signal @returns {Promise<Map<string, Row[]>>} */
async function groupByMonth(input, signal) {
  /** @type {Map<string, Row[]>} */
  const months = new Map();
  const lines = createInterface({ input: createReadStream(input, { signal }) });
  for await (const line of lines) {
    const row = /** @type {Row} */ (JSON.parse(line));
    const month = String(row.date).slice(0, 7);
    const known = months.get(month);
    if (known) known.push(row);
    else months.set(month, [row]);
  }
  return months;
}

/** @param {Map<string, Row[]>} months @returns {{ header: string[], body: string[][] }} */
function tabulate(months) {
  const sample = months.values().next().value?.[0] ?? {};
  const columns = Object.keys(sample).filter((name) => name !== 'date');
  const numeric = columns.filter((name) => typeof sample[name] === 'number');
  const header = [
    'month',
    'rows',
    ...columns.flatMap((name) =>
      numeric.includes(name) ? [`${name} mean`, `${name} min`, `${name} max`] : [`${name} mostly`],
    ),
  ];
  const body = [...months].map(([month, rows]) => [
    month,
    String(rows.length),
    ...columns.flatMap((name) => {
      const values = rows.map((row) => row[name]).filter((value) => value !== null);
      return numeric.includes(name)
        ? summary(values.map(Number))
        : [mostFrequent(values.map(String))];
    }),
  ]);
  return { header, body };
}

/** @param {number[]} values */
function summary(values) {
  if (values.length === 0) return ['', '', ''];
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  return [mean, Math.min(...values), Math.max(...values)].map((value) => value.toFixed(1));
}

/** @param {string[]} values */
function mostFrequent(values) {
  /** @type {Map<string, number>} */
  const counts = new Map();
  for (const value of values) counts.set(value, (counts.get(value) ?? 0) + 1);
  const [first] = [...counts].sort(([, a], [, b]) => b - a);
  return first?.[0] ?? '';
}

/** @param {string} dataset @param {number} rows @param {Map<string, Row[]>} months */
function toMarkdown(dataset, rows, months) {
  const { header, body } = tabulate(months);
  const line = (/** @type {string[]} */ cells) => `| ${cells.join(' | ')} |`;
  const table = [line(header), line(header.map(() => '---')), ...body.map(line)];
  return `# ${dataset} by month\n\n${rows} rows, ${months.size} months.\n\n${table.join('\n')}\n`;
}

/** @param {Map<string, Row[]>} months */
function toCsv(months) {
  const { header, body } = tabulate(months);
  const cell = (/** @type {string} */ text) =>
    /[",\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
  return `${[header, ...body].map((cells) => cells.map(cell).join(',')).join('\n')}\n`;
}
