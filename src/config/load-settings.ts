/**
 * File, environment and flags in; one frozen Settings out, with the origin of every key, or one error
 * that lists every problem.
 *
 *   find file → scan lines → ini reads values → + environment → + flags → resolve → check → freeze
 */
import { dirname } from 'node:path';
import { parse } from 'ini';
import { TaskbellError } from '../protocol/errors.ts';
import { checkAccess } from './access-checks.ts';
import type { Assignment } from './assignment.ts';
import { checkBackup } from './backup-checks.ts';
import { buildSettings } from './build-settings.ts';
import { type ConfigFile, findConfigFile, parseProfile, readConfigFile } from './config-file.ts';
import { resolveCredentials } from './credentials.ts';
import { checkControlSocket, checkSchedules, checkSecrecy } from './cross-checks.ts';
import { readEnvironment } from './environment.ts';
import { checkEvents } from './event-checks.ts';
import { type Flags, readFlags } from './flags.ts';
import { checkIssuers } from './issuer-checks.ts';
import { checkJobs } from './job-checks.ts';
import { SECTIONS, type SectionReference } from './keys.ts';
import { type ScannedEntry, scanLines } from './line-scanner.ts';
import { type ConfigProblem, formatOrigin, sortProblems } from './origin.ts';
import type { Environment } from './process-environment.ts';
import { type ResolvedSection, resolveSections } from './resolve.ts';
import type { Settings } from './settings.ts';

export interface LoadRequest {
  readonly flags: Flags;
  readonly environment: Environment;
  readonly cwd: string;
  /** Where system-wide configuration lies; /etc/taskbell. */
  readonly systemDirectory?: string;
  /** Epoch milliseconds: a schedule must come due some time after it. */
  readonly now?: number;
}

export interface Loaded {
  readonly settings: Settings;
  /** Every key with its value and origin, for `config show`. */
  readonly sections: readonly ResolvedSection[];
}

/** @throws TaskbellError E_CONFIG with one line for each problem */
export function loadSettings(request: LoadRequest): Loaded {
  const { flags, environment, cwd, systemDirectory = '/etc/taskbell' } = request;
  const { now = Date.now() } = request;
  const profile = parseProfile(environment.TASKBELL_PROFILE);
  const path = findConfigFile({ explicit: flags.config, profile, cwd, systemDirectory });
  const file = path === null ? null : readConfigFile(path);
  const fromFile = readEntries(file);
  const fromFlags = readFlags(flags.overrides ?? [], fromFile.sections);
  const sections = allSections([
    ...fromFile.sections,
    ...fromFlags.assignments.map(({ section }) => section),
  ]);
  const declared = fromFile.assignments;
  const fromEnvironment = readEnvironment(environment, { sections, declared });
  const given = [...declared, ...fromEnvironment.assignments, ...fromFlags.assignments];
  const withCredentials = resolveCredentials(given, environment.CREDENTIALS_DIRECTORY);
  const { assignments } = withCredentials;
  const configDirectory = path === null ? cwd : dirname(path);
  const resolution = resolveSections(sections, assignments, { cwd, configDirectory });
  const problems = [
    ...[fromFile, fromEnvironment, fromFlags, withCredentials, resolution].flatMap(
      (part) => part.problems,
    ),
    ...checkControlSocket(resolution.sections),
    ...checkSecrecy(file, resolution.sections),
    ...checkSchedules(resolution, now),
    ...checkBackup(resolution.sections, now),
    ...checkJobs(resolution.sections),
    ...checkEvents(resolution.sections),
    ...checkIssuers(resolution),
    ...checkAccess(resolution),
  ];
  if (problems.length > 0) throw configError(problems);
  const settings = buildSettings(resolution.sections, { file: path, profile });
  return { settings, sections: resolution.sections };
}

interface FromFile {
  readonly sections: readonly SectionReference[];
  readonly assignments: readonly Assignment[];
  readonly problems: readonly ConfigProblem[];
}

function readEntries(file: ConfigFile | null): FromFile {
  if (file === null) return { sections: [], assignments: [], problems: [] };
  const scan = scanLines(file.text);
  const at = (line: number) => ({ kind: 'file', file: file.path, line }) as const;
  return {
    sections: scan.sections,
    assignments: scan.entries.map((entry) => ({
      section: entry.section,
      key: entry.key,
      text: readWithIni(entry),
      origin: at(entry.line),
    })),
    problems: scan.problems.map(({ line, text }) => ({ origin: at(line), text })),
  };
}

/** One line at a time: `ini` would turn the dots of `[job:a.b]` into nested sections. */
function readWithIni({ text }: Pick<ScannedEntry, 'text'>): string {
  // `true`, `false` and `null` come as such; their texts are what the table's own kinds read.
  return String(Object.values(parse(text))[0]);
}

function allSections(declared: readonly SectionReference[]): readonly SectionReference[] {
  const fixed = SECTIONS.filter(({ instance }) => instance === null).map((definition) => ({
    definition,
    name: null,
    label: definition.name,
  }));
  const byLabel = new Map([...fixed, ...declared].map((section) => [section.label, section]));
  return [...byLabel.values()];
}

function configError(problems: readonly ConfigProblem[]): TaskbellError {
  const lines = sortProblems(problems).map(
    ({ origin, text }) => `${formatOrigin(origin)}: ${text}`,
  );
  const count = lines.length === 1 ? 'a problem' : `${lines.length} problems`;
  return new TaskbellError('E_CONFIG', `the configuration has ${count}:\n${lines.join('\n')}`, {
    hint: 'Correct each line, then run `taskbell config check`.',
  });
}
