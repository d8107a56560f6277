/**
 * Everything that this executor can run: handler modules, configured commands and web hooks, by job type.
 *
 * A name from the network is only ever looked up here; it never becomes a path or an import.
 */
import type { JobTypeSettings, Settings } from '../config/settings.ts';
import type { TypeManifest } from '../protocol/execute.ts';
import { createCommandHandler } from './command-handler.ts';
import type { CommandSurroundings } from './command-run.ts';
import { emittableTypes } from './emitted-events.ts';
import type { Handler } from './handler.ts';
import { type HandlerFile, listHandlerFiles } from './handler-directory.ts';
import { isolateHandler } from './isolated-handler.ts';
import type { IsolatedModule, IsolationSurroundings } from './isolated-run.ts';
import { describeError } from './job-error.ts';
import { loadModuleHandler } from './module-handler.ts';
import { isRunHere } from './type-share.ts';
import { loadWebhookHandler } from './webhook-handler.ts';

export interface HandlerRegistry {
  readonly handlers: ReadonlyMap<string, Handler>;
  /** For `hello`: the handlers, and the types that could not be loaded with their problem. */
  readonly types: readonly TypeManifest[];
  /** About the directory, not about one type. */
  readonly remarks: readonly string[];
}

export async function loadHandlers(
  settings: Pick<Settings, 'worker' | 'jobs' | 'events'>,
  commands: CommandSurroundings & Pick<IsolationSurroundings, 'printed'>,
  only: string | null = null,
): Promise<HandlerRegistry> {
  const { files: found, remarks } = await listHandlerFiles(
    settings.worker.handlersDirectory,
    runsTypeScript(),
  );
  const files = found.filter(({ type }) => isRunHere(type, settings.jobs, only));
  const around = isolationFor(settings, commands);
  const sections = new Map(settings.jobs.map((job) => [job.name, job]));
  const fromFiles = await Promise.all(
    files.map((file) => loadFile(file, sections.get(file.type), around)),
  );
  const taken = new Set(files.map((file) => file.type));
  const configured = settings.jobs.filter(
    (job) => !taken.has(job.name) && isRunHere(job.name, settings.jobs, only),
  );
  const fromCommands = configured
    .filter((job) => job.command !== null)
    .map((job) => createCommandHandler(job, commands));
  const fromHooks = await Promise.all(configured.flatMap(loadHook));
  const all = [...fromFiles, ...fromCommands, ...fromHooks];
  const handlers = all.filter((entry): entry is Handler => 'run' in entry);
  return {
    handlers: new Map(handlers.map((handler) => [handler.manifest.name, handler])),
    types: all.map((entry) => ('run' in entry ? entry.manifest : entry)),
    remarks,
  };
}

/** Not the whole section: what a handler's process is told, the handler can read. */
function isolatedModule(file: string, { backoff, backoffKind }: JobTypeSettings): IsolatedModule {
  return { file, section: { backoff, backoffKind } };
}

function isolationFor(
  { worker, events }: Pick<Settings, 'worker' | 'events'>,
  { marks, groups, printed }: CommandSurroundings & Pick<IsolationSurroundings, 'printed'>,
): IsolationSurroundings {
  const { memoryLimit } = worker;
  const eventTypes = [...emittableTypes(events)];
  return { marks, groups, printed, memoryLimit, eventTypes };
}

async function loadFile(
  file: HandlerFile,
  section: JobTypeSettings | undefined,
  around: IsolationSurroundings,
): Promise<Handler | TypeManifest> {
  const other = section?.command ? 'a command' : section?.url ? 'a web hook' : null;
  if (other !== null) {
    return broken(file, `there is also ${other} in [job:${file.type}]: keep one of the two`);
  }
  if (file.realPath === null) return broken(file, file.problem ?? 'cannot be loaded');
  try {
    const handler = await loadModuleHandler(file.type, file.realPath, section);
    if (section?.isolate !== 'process') return handler;
    return isolateHandler(handler, isolatedModule(file.realPath, section), around);
  } catch (error) {
    // One broken file costs its own type only; the problem goes to the log and into the manifest.
    const { name, message } = describeError(error);
    // Node keeps the line of a syntax error in a module to itself; this command tells it.
    const hint = name === 'SyntaxError' ? ` (node --check ${file.realPath} names the line)` : '';
    return broken(file, name === 'Error' ? message : `${name}: ${message}${hint}`);
  }
}

function loadHook(job: JobTypeSettings): readonly Promise<Handler | TypeManifest>[] {
  const { name, url } = job;
  if (url === null) return [];
  const unusable = (error: unknown): TypeManifest => {
    const problem = `[job:${name}] ${describeError(error).message}`;
    return { name, kind: 'webhook', schema: false, settings: {}, problem };
  };
  return [loadWebhookHandler({ ...job, url }).catch(unusable)];
}

function broken({ type, file }: HandlerFile, problem: string): TypeManifest {
  return {
    name: type,
    kind: 'module',
    schema: false,
    settings: {},
    problem: `${file}: ${problem}`,
  };
}

// Node 22.18 and later: 'strip' or 'transform'. Absent from the types and the runtime of Node 20.
function runsTypeScript(): boolean {
  return Boolean((process.features as { readonly typescript?: unknown }).typescript);
}
