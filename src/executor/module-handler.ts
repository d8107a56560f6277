/**
 * Loads a handler module and runs it in this process.
 *
 * It gets a path that `handler-directory.ts` has vouched for; it never looks for one.
 */
import { pathToFileURL } from 'node:url';
import type { StandardSchemaV1 } from '../client/define-job.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import type { Json } from '../protocol/json.ts';
import type { Ending, Handler, Run } from './handler.ts';
import { readTypeSettings } from './handler-settings.ts';
import { HandlerContext } from './job-context.ts';
import { describeError, isRetryable } from './job-error.ts';
import { checkPayload, readSchema } from './payload-schema.ts';

/** A module whose top-level await never ends must not keep the other types from being offered. */
const LOAD_TIMEOUT_MS = 30_000;

type RunFunction = (payload: unknown, context: HandlerContext) => unknown;

/** @throws whatever the module throws, or an Error that says what its default export lacks */
export async function loadModuleHandler(name: string, file: string): Promise<Handler> {
  const module = await importModule(file);
  return createModuleHandler(name, module.default);
}

/** @param exported the module's default export: a function, or an object with `run` */
export function createModuleHandler(name: string, exported: unknown): Handler {
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
  const bound = run.bind(definition) as RunFunction;
  return {
    manifest,
    validate: async (payload) => (schema === null ? null : problemOf(schema, payload)),
    run: (attempt) => runModule(bound, schema, attempt),
  };
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

async function runModule(
  run: RunFunction,
  schema: StandardSchemaV1 | null,
  attempt: Run,
): Promise<Ending> {
  let payload: unknown = attempt.assignment.payload;
  if (schema !== null) {
    const checked = await checkPayload(schema, attempt.assignment.payload);
    if ('problem' in checked) return { kind: 'rejected', problem: checked.problem };
    payload = checked.value;
  }
  try {
    return { kind: 'succeeded', result: await run(payload, new HandlerContext(attempt)) };
  } catch (error) {
    return { kind: 'failed', error: describeError(error), retryable: isRetryable(error) };
  }
}
