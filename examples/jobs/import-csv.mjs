// @ts-check
/**
 * Imports a CSV table (RFC 4180: quoted fields may hold commas, quotes and line breaks) as a data set
 * of JSON lines. The result appears in one step, so that running it twice does no harm.
 *
 *   taskbell job add import-csv '{"file":"weather.csv","output":"weather.jsonl","dataset":"weather"}'
 */
import { createReadStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';

const FLUSH_LENGTH = 64 * 1024;

export default {
  timeout: '10m',

  /**
   * @param {{ file: string, output: string, dataset: string }} payload
   * @param {import('taskbell').JobContext} context
   */
  async run({ file, output, dataset }, { id, signal, progress, log, emit }) {
    await mkdir(path.dirname(output), { recursive: true });
    const draft = `${output}.${id}.part`;
    try {
      const { columns, rows } = await convert(file, draft, { signal, progress });
      await rename(draft, output);
      log(`${rows} rows of ${columns.length} columns: ${columns.join(', ')}`);
      emit({ type: 'datasetUpdate', id: dataset, data: [{ rows, columns }] });
      emit({ type: 'uploadFile', id: path.basename(file), data: [{ rows }] });
      return { rows, columns };
    } finally {
      await rm(draft, { force: true });
    }
  },
};

/**
 * @param {string} file
 * @param {string} draft
 * @param {{ signal: AbortSignal, progress: (value: { fraction: number, message: string }) => void }} run
 */
async function convert(file, draft, { signal, progress }) {
  const { size } = await stat(file);
  const target = await open(draft, 'w');
  // Only now: a stream that nobody reads keeps its file open.
  const source = createReadStream(file, { encoding: 'utf8', signal });
  /** @type {string[]} */
  let columns = [];
  let rows = 0;
  let pending = '';
  try {
    for await (const record of parseCsv(source)) {
      if (columns.length === 0) {
        columns = record;
        continue;
      }
      if (record.length !== columns.length) {
        throw notRetryable(
          `${file}, row ${rows + 1}: expected ${columns.length} fields, got ${record.length}`,
        );
      }
      pending += `${JSON.stringify(Object.fromEntries(columns.map((name, at) => [name, typed(record[at])])))}\n`;
      rows += 1;
      if (pending.length > FLUSH_LENGTH) {
        await target.write(pending);
        pending = '';
        progress({ fraction: source.bytesRead / size, message: `${rows} rows` });
      }
    }
    await target.write(pending);
    await target.sync();
  } finally {
    await target.close();
  }
  if (columns.length === 0) throw notRetryable(`${file}: expected a header row, got an empty file`);
  progress({ fraction: 1, message: `${rows} rows` });
  return { columns, rows };
}

/** @param {AsyncIterable<string>} chunks @returns {AsyncGenerator<string[]>} */
async function* parseCsv(chunks) {
  /** @type {string[]} */
  let record = [];
  let field = '';
  let quoted = false;
  let closing = false;
  let first = true;
  for await (const chunk of chunks) {
    for (const character of first ? chunk.replace(/^\uFEFF/, '') : chunk) {
      first = false;
      if (closing && character === '"') {
        field += '"';
        closing = false;
        quoted = true;
      } else if (quoted) {
        quoted = character !== '"';
        closing = !quoted;
        if (quoted) field += character;
      } else {
        closing = false;
        if (character === '"' && field === '') quoted = true;
        else if (character === ',' || character === '\n') {
          record.push(character === '\n' ? field.replace(/\r$/, '') : field);
          field = '';
          if (character === '\n') {
            if (record.length > 1 || record[0] !== '') yield record;
            record = [];
          }
        } else field += character;
      }
    }
  }
  if (quoted) throw notRetryable('the file ends inside a quoted field');
  if (field !== '' || record.length > 0) yield [...record, field.replace(/\r$/, '')];
}

/** Numbers become numbers, an empty field null. @param {string | undefined} text */
function typed(text = '') {
  if (text === '') return null;
  return /^-?\d+(?:\.\d+)?$/.test(text) ? Number(text) : text;
}

/** The same file would fail the same way. @param {string} message */
function notRetryable(message) {
  return Object.assign(new Error(message), { retryable: false });
}
