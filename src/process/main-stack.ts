/**
 * Where the main thread of this process stands, asked from another of its threads through the
 * inspector (https://nodejs.org/api/inspector.html#sessionconnecttomainthread): it is stopped for a few
 * milliseconds and goes on.
 */
import type { Debugger, Session } from 'node:inspector';

/** Key of the function that this process may have put onto its global object, see `namesBefore`. */
const NAMER = 'taskbell.beforeStack';
const MAX_STACK_LENGTH = 16 * 1024;
/** More frames than Error keeps by itself, because those that matter are the outermost. */
const EXPRESSION = `(() => {
  globalThis[Symbol.for('${NAMER}')]?.();
  const before = Error.stackTraceLimit;
  Error.stackTraceLimit = 100;
  try { return String(new Error().stack); } finally { Error.stackTraceLimit = before; }
})()`;

/**
 * Has `name` called, on the main thread, before its stack is read: names that only a stack shows need not be
 * given to everything that runs. Global, because the question comes from outside of all modules.
 *
 * @returns takes it off
 */
export function namesBefore(name: () => void): () => void {
  const global = globalThis as { [key: symbol]: unknown };
  const key = Symbol.for(NAMER);
  global[key] = name;
  return () => {
    if (global[key] === name) delete global[key];
  };
}

/** @returns '' where it cannot be stopped within the time */
export async function mainStack(withinMs: number): Promise<string> {
  let session: Session | undefined;
  let timer: NodeJS.Timeout | undefined;
  // It also keeps this thread alive: a session alone does not.
  const late = new Promise<string>((resolve) => {
    timer = setTimeout(() => resolve(''), withinMs);
  });
  try {
    // Not every build of Node has it.
    const { Session } = await import('node:inspector');
    session = new Session();
    session.connectToMainThread();
    return await Promise.race([pauseAndLook(session), late]);
  } catch {
    // No inspector, or another one in the way: the block is told without its place.
    return '';
  } finally {
    clearTimeout(timer);
    session?.disconnect();
  }
}

/** The frames of a stack without those of the question itself. Pure. */
export function framesOf(stack: string): string {
  const frames = stack.split('\n').filter((line) => /^\s*at /.test(line));
  const own = frames.filter((line) => !/^\s*at eval \(eval at /.test(line));
  return own.join('\n').slice(0, MAX_STACK_LENGTH);
}

function pauseAndLook(session: Session): Promise<string> {
  return new Promise((resolve, reject) => {
    session.once('Debugger.paused', ({ params }) => {
      look(session, params).then(resolve, reject);
    });
    session.post('Debugger.enable', (error) => {
      if (error === null) session.post('Debugger.pause');
      else reject(error);
    });
  });
}

async function look(
  session: Session,
  { callFrames }: Debugger.PausedEventDataType,
): Promise<string> {
  const [frame] = callFrames;
  const stack = frame === undefined ? '' : await evaluate(session, frame.callFrameId);
  session.post('Debugger.resume');
  // The debugger costs speed while it is on.
  await new Promise<void>((resolve) => session.post('Debugger.disable', () => resolve()));
  return framesOf(stack);
}

function evaluate(session: Session, callFrameId: string): Promise<string> {
  const question = { callFrameId, expression: EXPRESSION, returnByValue: true, silent: true };
  return new Promise((resolve) => {
    session.post('Debugger.evaluateOnCallFrame', question, (error, answer) => {
      const { result } = (answer ?? {}) as Partial<Debugger.EvaluateOnCallFrameReturnType>;
      resolve(error === null ? String(result?.value ?? '') : '');
    });
  });
}
