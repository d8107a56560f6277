/** The lines that the demo prints while it runs. Pure: text in, text out. */

const EVENT_SIGN = '📡';
const REPORT_SIGN = '🔔';

export function describeReport({ message, userId }) {
  const { taskType, jobId, duration, error } = message.payload;
  const facts = [`job ${jobId}`, `${duration.toFixed(1)} ms`, `for ${userId}`];
  const why = error === undefined ? '' : `: ${firstLine(error)}`;
  return `${REPORT_SIGN} service received     ${message.message}  ${taskType} (${facts.join(', ')})${why}`;
}

export function describeEvent({ type, id, data }) {
  const what = type === 'job' ? describeJobNews(data[0]) : shorten(JSON.stringify(data));
  return `${EVENT_SIGN} subscriber received  ${type} ${id}  ${what}`;
}

function describeJobNews({ type, state, attempt, progress, error }) {
  const parts = [type, state, attempt > 1 ? `attempt ${attempt}` : ''];
  if (state === 'running' && progress) parts.push(describeProgress(progress));
  if (error !== undefined) parts.push(firstLine(error));
  return parts.filter(Boolean).join(', ');
}

function describeProgress({ fraction, done, total, message }) {
  const share = fraction ?? (total > 0 ? done / total : undefined);
  const parts = [share === undefined ? '' : `${Math.round(share * 100)} %`, message ?? ''];
  return parts.filter(Boolean).join(' ');
}

function firstLine(text) {
  return shorten(String(text).split('\n')[0]);
}

function shorten(text) {
  return text.length > 100 ? `${text.slice(0, 99)}…` : text;
}

/** A command line that a shell takes as it stands. */
export function quoteCommand(words) {
  const quote = (word) =>
    /^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", `'\\''`)}'`;
  return words.map(quote).join(' ');
}
