/**
 * Picks warnings and errors out of the lines that a process logs, so that they can be told to its supervisor.
 *
 * Looks at the head of a line alone unless it is one of them, and tells no more of them than a window allows: a
 * process that logs a thousand errors a second must not be slowed down by telling of each. Keeps no line.
 */
import type { Role } from '../protocol/supervision.ts';
import { MAX_TROUBLE_TEXT, type TroubleView } from '../protocol/troubles.ts';

export interface TroubleTold {
  readonly role: Role | 'supervisor';
  readonly pid: number;
  readonly tell: (trouble: TroubleView) => void;
  /** Milliseconds of a monotonic clock. */
  readonly nowMono: () => number;
}

/** As many in so long; the rest is in the log. */
const MOST = 20;
const WINDOW_MS = 10_000;

const WARN = 40;
const ERROR = 50;
/** How pino begins a line. */
const HEAD = '{"level":';

/** @returns hears every line that is logged */
export function createTroubleWatch({ role, pid, tell, nowMono }: TroubleTold) {
  let beganMono = Number.NEGATIVE_INFINITY;
  let told = 0;
  return (line: string): void => {
    if (!isTroubled(line)) return;
    const mono = nowMono();
    if (mono - beganMono >= WINDOW_MS) {
      beganMono = mono;
      told = 0;
    }
    told += 1;
    if (told > MOST) return;
    const trouble = readTrouble(line, { role, pid });
    if (trouble !== undefined) tell(trouble);
  };
}

/** `{"level":40,` and above: without parsing what nobody asks for. */
function isTroubled(line: string): boolean {
  const digit = line.charCodeAt(HEAD.length);
  return line.startsWith(HEAD) && digit >= 0x34 && digit <= 0x39;
}

/** Undefined for a line that is no record, and for one below a warning. */
export function readTrouble(
  line: string,
  { role, pid }: Pick<TroubleTold, 'role' | 'pid'>,
): TroubleView | undefined {
  const record = parse(line);
  const level = Number(record?.level);
  if (record === undefined || !(level >= WARN)) return undefined;
  const { time, component, msg } = record;
  return {
    at: new Date(isTime(time) ? time : 0).toISOString(),
    level: level >= ERROR ? 'error' : 'warn',
    ...{ role, pid },
    component: typeof component === 'string' ? shown(component) : null,
    message: shown(String(msg ?? '')),
    problem: problemOf(record),
  };
}

/** What a date can hold: others may write lines to the same stream. */
function isTime(value: unknown): value is number {
  return typeof value === 'number' && !Number.isNaN(new Date(value).getTime());
}

type Loose = Readonly<Record<string, unknown>>;

function parse(line: string): Loose | undefined {
  try {
    const value: unknown = JSON.parse(line);
    return typeof value === 'object' && value !== null ? (value as Loose) : undefined;
  } catch {
    // Cut off, or of somebody who writes to the same stream.
    return undefined;
  }
}

/** Constant messages leave what happened to their fields; these are the ones that say it. */
const TELLING = ['problem', 'reason', 'error', 'code'] as const;

function problemOf(record: Loose): string | null {
  const { err } = record;
  if (typeof err === 'object' && err !== null) {
    const { message } = err as Loose;
    if (typeof message === 'string' && message !== '') return shown(message);
  }
  for (const key of TELLING) {
    const value = record[key];
    if (typeof value === 'string' && value !== '') return shown(value);
  }
  return endOf(record);
}

/** `core, SIGKILL`: of which process the supervisor tells, and how it ended. */
function endOf({ process, signal, exitCode }: Loose): string | null {
  if (typeof process !== 'string') return null;
  const code = typeof exitCode === 'number' ? `exit code ${exitCode}` : '';
  const how = typeof signal === 'string' ? signal : code;
  return shown(how === '' ? process : `${process}, ${how}`);
}

/** One line without what a terminal would act upon. */
function shown(text: string): string {
  const line = text.slice(0, MAX_TROUBLE_TEXT).split('\n', 1)[0] ?? '';
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is taken out.
  return line.replace(/[\u0000-\u001f\u007f-\u009f]/g, ' ').trim();
}
