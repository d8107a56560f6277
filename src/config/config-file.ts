/**
 * Finds and reads the configuration file. Looks at nothing inside it.
 */
import { existsSync, readFileSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { TaskbellError } from '../protocol/errors.ts';

const PROFILES = ['prod', 'test', 'dev'] as const;
export type Profile = (typeof PROFILES)[number];

export interface FileQuestion {
  /** `--config`, if given: no other place is looked at. */
  readonly explicit: string | undefined;
  readonly profile: Profile | null;
  readonly cwd: string;
  readonly systemDirectory: string;
}

export interface ConfigFile {
  /** Absolute. */
  readonly path: string;
  readonly text: string;
  /** Permission bits. */
  readonly mode: number;
}

/** @throws TaskbellError E_CONFIG when the value of TASKBELL_PROFILE is not a profile */
export function parseProfile(value: string | undefined): Profile | null {
  if (value === undefined || value === '') return null;
  const profile = PROFILES.find((name) => name === value);
  if (profile !== undefined) return profile;
  throw new TaskbellError(
    'E_CONFIG',
    `TASKBELL_PROFILE: expected prod, test or dev, got "${value}"`,
    {
      hint: 'Set TASKBELL_PROFILE to one of the three, or unset it to read config.ini.',
    },
  );
}

/** Null when there is none and none was asked for. @throws TaskbellError E_CONFIG when one was asked for */
export function findConfigFile(question: FileQuestion): string | null {
  const { explicit, profile, cwd, systemDirectory } = question;
  if (explicit !== undefined) {
    const path = resolve(cwd, explicit);
    if (existsSync(path)) return path;
    throw new TaskbellError('E_CONFIG', `--config: the file ${path} does not exist`, {
      hint: 'Check the path, or run `taskbell init` to make a configuration file.',
    });
  }
  const name = profile === null ? 'config.ini' : `config.${profile}.ini`;
  const candidates = [join(cwd, name), join(systemDirectory, name)];
  const found = candidates.find((path) => existsSync(path));
  if (found !== undefined || profile === null) return found ?? null;
  throw new TaskbellError(
    'E_CONFIG',
    `TASKBELL_PROFILE is ${profile}, but ${name} does not exist; looked for ${candidates.join(' and ')}`,
    { hint: `Write ${name}, or unset TASKBELL_PROFILE to read config.ini.` },
  );
}

/** @throws TaskbellError E_CONFIG when it cannot be read or is not UTF-8 */
export function readConfigFile(path: string): ConfigFile {
  try {
    const bytes = readFileSync(path);
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return { path, text, mode: statSync(path).mode & 0o777 };
  } catch (error) {
    throw unreadable(path, error);
  }
}

function unreadable(path: string, cause: unknown): TaskbellError {
  const reason = cause instanceof Error ? cause.message : String(cause);
  return new TaskbellError('E_CONFIG', `the configuration file ${path} cannot be read: ${reason}`, {
    hint: 'It must be a UTF-8 text file that this user may read.',
    cause,
  });
}
