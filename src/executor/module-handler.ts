/**
 * Loads a handler module and runs it in this process.
 *
 * It gets a path that `handler-directory.ts` has vouched for; it never looks for one.
 */
import { pathToFileURL } from 'node:url';
import type { StandardSchemaV1 } from '../client/define-job.ts';
import type { JobTypeSettings } from '../config/settings.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import type { Json } from '../protocol/json.ts';
import { type AskedFunction, type RunEnd, withBackoff } from './backoff-function.ts';
import type { Ending, Handler, Run } from './handler.ts';
import { readTypeSettings } from './handler-settings.ts';
import { HandlerContext } from './job-context.ts';
import { checkPayload, readSchema } from './payload-schema.ts';
import { endingOfThrown, statesEnding } from './stated-ending.ts';

/** A module whose top-level await never ends must not keep the other types from being offered. */
const LOAD_TIMEOUT_MS = 30_000;

type RunFunction = (payload: unknown, context: HandlerContext) => unknown;

/** The part of the type's `[job:NAME]` section that silences a `backoff` function. */
export type BackoffSection = Pick<JobTypeSettings, 'backoff' | 'backoffKind'>;

interface ModuleParts {
  readonly run: RunFunction;
  readonly schema: StandardSchemaV1 | null;
  readonly backoff: AskedFunction | null;
}

/**
 * @param configured the type's section, if there is one
 * @throws whatever the module throws, or an Error that says what its default export lacks
 */
export async function loadModuleHandler(
  name: string,
  file: string,
  configured?: BackoffSection,
): Promise<Handler> {
  const module = await importModule(file);
  return createModuleHandler(name, module.default, configured);
}

/** @param exported the module's default export: a function, or an object with `run` */
export function createModuleHandler(
  name: string,
  exported: unknown,
  configured?: BackoffSection,
): Handler {
  const definition = (typeof exported === 'function' ? { run: exported } : exported) as
    | Readonly<Record<string, unknown>>
    | null
    | undefined;
  const run = definition?.run;
  if (typeof run !== 'function') {
    throw new Error(
      'expected a default export that is a function or an object with run(payload, ctx)',
    );
  }
  const schema = readSchema(definition?.input);
  const settings = readTypeSettings(definition ?? {});
  const manifest: TypeManifest = { name, kind: 'module', schema: schema !== null, settings };
  const backoff = readBackoff(definition ?? {}, configured);
  const parts: ModuleParts = { run: run.bind(definition) as RunFunction, schema, backoff };
  return {
    manifest,
    validate: async (payload) => (schema === null ? null : problemOf(schema, payload)),
    run: (attempt) => runModule(parts, attempt),
  };
}

/** Configuration wins over what a handler says, also over a function. */
function readBackoff(
  definition: Readonly<Record<string, unknown>>,
  configured: BackoffSection | undefined,
): AskedFunction | null {
  const { backoff } = definition;
  if (typeof backoff !== 'function') return null;
  const silenced = (configured?.backoff ?? configured?.backoffKind ?? null) !== null;
  return silenced ? null : (backoff.bind(definition) as AskedFunction);
}

async function importModule(file: string): Promise<{ readonly default?: unknown }> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_, reject) => {
    const message = `expected the module to load within ${LOAD_TIMEOUT_MS} ms`;
    timer = setTimeout(() => reject(new Error(message)), LOAD_TIMEOUT_MS);
  });
  try {
    return (await Promise.race([import(pathToFileURL(file).href), late])) as { default?: unknown };
  } finally {
    clearTimeout(timer);
  }
}

async function problemOf(schema: StandardSchemaV1, payload: Json): Promise<string | null> {
  const checked = await checkPayload(schema, payload);
  return 'problem' in checked ? checked.problem : null;
}

function runModule(parts: ModuleParts, attempt: Run): Ending | Promise<Ending> {
  const { payload } = attempt.assignment;
  return parts.schema === null
    ? callRun(parts, payload, attempt)
    : runChecked(parts, parts.schema, attempt);
}

async function runChecked(
  parts: ModuleParts,
  schema: StandardSchemaV1,
  attempt: Run,
): Promise<Ending> {
  const checked = await checkPayload(schema, attempt.assignment.payload);
  if ('problem' in checked) return { kind: 'rejected', problem: checked.problem };
  return callRun(parts, checked.value, attempt);
}

/** Each promise on the way costs a job more than all of the rest here: only what is waited for gets one. */
function callRun(parts: ModuleParts, payload: unknown, attempt: Run): Ending | Promise<Ending> {
  let end: RunEnd;
  try {
    const returned = parts.run(payload, new HandlerContext(attempt));
    if (isThenable(returned)) return awaitRun(parts, returned, attempt);
    end = endOfReturned(returned);
  } catch (error) {
    end = { ending: endingOfThrown(error), thrown: error };
  }
  return paused(parts, end, attempt);
}

async function awaitRun(
  parts: ModuleParts,
  returned: PromiseLike<unknown>,
  attempt: Run,
): Promise<Ending> {
  let end: RunEnd;
  try {
    end = endOfReturned(await returned);
  } catch (error) {
    end = { ending: endingOfThrown(error), thrown: error };
  }
  return paused(parts, end, attempt);
}

/** What `await` waits for. A getter of a handler's object may throw here, as it would there. */
function isThenable(value: unknown): value is PromiseLike<unknown> {
  if ((typeof value !== 'object' || value === null) && typeof value !== 'function') return false;
  return typeof (value as { readonly then?: unknown }).then === 'function';
}

function endOfReturned(result: unknown): RunEnd {
  if (statesEnding(result)) return { ending: endingOfThrown(result), thrown: result };
  return { ending: { kind: 'succeeded', result }, thrown: undefined };
}

function paused({ backoff }: ModuleParts, end: RunEnd, attempt: Run): Ending {
  return backoff === null ? end.ending : withBackoff(end, backoff, attempt);
}
