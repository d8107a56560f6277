/**
 * Everything that `doctor` looks at, in the order in which it is to be mended: configuration, versions, disk,
 * permissions, limits, and then what is elsewhere. Works with a running daemon and without one.
 */
import path from 'node:path';
import type { NamedCredential } from '../../config/credentials.ts';
import type { Settings } from '../../config/settings.ts';
import { descriptorLimit } from '../../process/descriptors.ts';
import { findInitProblem, readInitFacts } from '../../process/init-process.ts';
import { VERSION } from '../../process/version.ts';
import type { StatusView } from '../../protocol/status.ts';
import { type Finding, ok, warn } from './finding.ts';
import {
  judgeClock,
  judgeDescriptors,
  judgeFileSystem,
  judgeNode,
  judgePragmas,
  judgeSpace,
  judgeSqlite,
  judgeSync,
  judgeUnwritten,
} from './machine-judgements.ts';
import {
  existingAt,
  measureSync,
  modeOf,
  probeSqlite,
  readFileSystem,
  watchClock,
} from './measurements.ts';
import { type Guarded, judgeOwn, judgeSecrets } from './permission-judgements.ts';
import { judgeKeySets, judgeReceiver } from './reachability.ts';

export interface Patient {
  readonly settings: Settings;
  /** The file that they came from; null: none. */
  readonly file: string | null;
  /** What the service manager hands to the service alone. */
  readonly unseen: readonly NamedCredential[];
  /** Of the running daemon; null: none answers. */
  readonly status: StatusView | null;
  /** What it said instead; null: it answered, or none is there. */
  readonly refusal: Finding | null;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

export async function examine(patient: Patient): Promise<readonly Finding[]> {
  const { settings, file, status, refusal } = patient;
  const readClock = watchClock(patient.now);
  const findings = [
    judgeConfiguration(patient),
    ...(await judgeRuntime(status)),
    ...judgeDisk(settings),
    ...judgePermissions(settings, file),
    judgeClock(readClock()),
    judgeDescriptors(descriptorLimit(), settings.webSocketEvents.maxConnections),
    judgeInit(),
    refusal ?? judgeDaemon(status),
    await judgeReceiver(settings.webSocket),
  ];
  return [...findings, ...(await judgeKeySets(settings))];
}

function judgeConfiguration({ file, unseen }: Patient): Finding {
  const names = unseen.map(({ name }) => name).join(', ');
  const later = names === '' ? '' : `; the service alone sees the credentials ${names}`;
  return ok('configuration', `${file ?? 'no file: the defaults hold'}${later}`);
}

export async function judgeRuntime(status: StatusView | null): Promise<readonly Finding[]> {
  const runtime = status?.details?.runtime;
  if (runtime !== undefined) {
    return [
      judgeNode(runtime.node, 'of the running daemon'),
      judgeSqlite(runtime.sqlite, null),
      judgePragmas(runtime.pragmas),
    ];
  }
  const { version, problem } = await probeSqlite();
  return [judgeNode(process.versions.node, 'of this command'), judgeSqlite(version, problem)];
}

function judgeDisk({ daemon }: Settings): readonly Finding[] {
  const directory = existingAt(daemon.dataDirectory);
  const { type, freeBytes } = readFileSystem(directory);
  return [judgeFileSystem(type), judgeSpace(freeBytes), judgeWriting(directory)];
}

function judgeWriting(directory: string): Finding {
  try {
    return judgeSync(measureSync(directory));
  } catch (error) {
    return judgeUnwritten(directory, (error as NodeJS.ErrnoException).code);
  }
}

function judgePermissions(settings: Settings, file: string | null): readonly Finding[] {
  const { dataDirectory, controlSocket } = settings.daemon;
  const guarded = (what: string, at: string): Guarded => ({ what, path: at, mode: modeOf(at) });
  return [
    judgeOwn(guarded('data directory', dataDirectory), 0o700),
    judgeOwn(guarded('control socket', controlSocket), 0o600),
    judgeSecrets(secretsOf(settings, file).map(([what, at]) => guarded(what, at))),
  ];
}

function secretsOf(
  settings: Settings,
  file: string | null,
): readonly (readonly [what: string, path: string])[] {
  const { auth, access, webSocket, privacy, edge, jobs, daemon } = settings;
  const named: readonly (readonly [string, string | null])[] = [
    ['api-token', path.join(daemon.dataDirectory, 'api-token')],
    ['edge-token', path.join(daemon.dataDirectory, 'edge-token')],
    ['[auth] privateKeyFile', auth.privateKeyFile],
    ['[access] hookSecretFile', access.hookSecretFile],
    ['[webSocket] tokenFile', webSocket.tokenFile],
    ['[privacy] keysFile', privacy.keysFile],
    ['[edge] tokenFile', edge.tokenFile],
    ...jobs.map(({ name, secretFile }) => [`[job:${name}] secretFile`, secretFile] as const),
    // Values of a handshake or a header may be secrets that stand in the file itself.
    ...(holdsSecrets(settings) ? [['the configuration', file] as const] : []),
  ];
  return named.flatMap(([what, at]) => (at === null ? [] : [[what, at] as const]));
}

function holdsSecrets({ webSocket, jobs }: Settings): boolean {
  const maps = [webSocket.auth, webSocket.query, ...jobs.map(({ header }) => header)];
  return maps.some((map) => Object.keys(map).length > 0);
}

function judgeInit(): Finding {
  const facts = readInitFacts();
  const problem = findInitProblem(facts);
  if (problem === null) return ok('init', facts.init ?? 'cannot be seen');
  return warn('init', problem.message, problem.hint);
}

function judgeDaemon(status: StatusView | null): Finding {
  const name = 'daemon';
  if (status === null) return ok(name, 'does not run: what only it can tell was left out');
  const { version, ready } = status;
  if (version !== VERSION) {
    const text = `runs ${version}, and this command is ${VERSION}`;
    return warn(name, text, 'restart it, so that it runs what is installed');
  }
  if (!ready) return warn(name, 'runs, and is not ready', 'look at `taskbell status`');
  return ok(name, `${version}, ready`);
}
