/** Decides which directories a unit must open for its service, and how systemd can make them itself. Pure. */
import { dirname, isAbsolute } from 'node:path';
import type { Settings } from '../config/settings.ts';

export interface PlacesQuestion {
  readonly node: string;
  readonly executable: string;
  readonly cwd: string;
  readonly configFile: string | null;
  readonly settings: Settings;
}

/** What systemd makes is named as in StateDirectory= and its like: below /var/lib, /run and /var/log. */
export interface UnitPlaces {
  readonly state: readonly string[];
  readonly runtime: readonly string[];
  readonly logs: readonly string[];
  /** Absolute paths of those that somebody else must make. */
  readonly writable: readonly string[];
  /** Whether anything that is needed lies in a home directory, or in /tmp. */
  readonly homes: boolean;
  readonly temporary: boolean;
}

const MADE = { state: '/var/lib/', runtime: '/run/', logs: '/var/log/' } as const;
const HOMES = ['/home/', '/root/', '/run/user/'];
const TEMPORARY = ['/tmp/', '/var/tmp/'];

export function placesOf(question: PlacesQuestion): UnitPlaces {
  const written = writtenDirectories(question);
  const below = (root: string): readonly string[] =>
    written.filter((path) => path.startsWith(root)).map((path) => path.slice(root.length));
  const made = Object.values(MADE);
  const used = [...written, ...readPaths(question)];
  return {
    state: below(MADE.state),
    runtime: below(MADE.runtime),
    logs: below(MADE.logs),
    writable: written.filter((path) => !made.some((root) => path.startsWith(root))),
    homes: used.some((path) => HOMES.some((root) => path.startsWith(root))),
    temporary: used.some((path) => TEMPORARY.some((root) => path.startsWith(root))),
  };
}

/** Without those that lie in another of them, and without those that every service may write. */
function writtenDirectories({ cwd, configFile, settings }: PlacesQuestion): readonly string[] {
  const { daemon, jobs } = settings;
  // Where no section names one, it is the directory of the configuration, which is there to be read.
  const usual = [cwd, ...(configFile === null ? [] : [dirname(configFile)])];
  const directories = [
    daemon.dataDirectory,
    dirname(daemon.controlSocket),
    ...(daemon.logFile === null ? [] : [dirname(daemon.logFile)]),
    ...jobs.map(({ workingDirectory }) => workingDirectory).filter((one) => !usual.includes(one)),
  ];
  const distinct = [...new Set(directories)].filter((one) => `${one}/` !== MADE.runtime);
  return distinct.filter((one) => !distinct.some((other) => one.startsWith(`${other}/`)));
}

function readPaths({
  node,
  executable,
  cwd,
  configFile,
  settings,
}: PlacesQuestion): readonly string[] {
  const { worker, jobs, auth, privacy, webSocket } = settings;
  return [
    ...[node, executable, `${cwd}/`, configFile ?? '', worker.handlersDirectory],
    ...[auth.publicKeyFile ?? '', privacy.keysFile ?? '', webSocket.tokenFile ?? ''],
    ...jobs.map(({ command }) => command?.[0] ?? ''),
  ].filter((path) => isAbsolute(path));
}
