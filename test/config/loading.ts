/** Loads settings from nothing but what a test gives: no file of this machine, no variable of this shell. */
import { join } from 'node:path';
import { expect } from 'vitest';
import type { FlagOverride } from '../../src/config/flags.ts';
import { type Loaded, loadSettings } from '../../src/config/load-settings.ts';
import { TaskbellError } from '../../src/protocol/errors.ts';
import { freshDirectory, writeIn } from './fresh-directory.ts';

export interface Given {
  /** Content of config.ini in the current directory. */
  readonly ini?: string;
  readonly environment?: Record<string, string>;
  readonly overrides?: readonly FlagOverride[];
  readonly cwd?: string;
  readonly config?: string;
}

export function load(given: Given = {}): Loaded {
  const cwd = given.cwd ?? freshDirectory();
  if (given.ini !== undefined) writeIn(cwd, 'config.ini', given.ini);
  return loadSettings({
    flags: { config: given.config, overrides: given.overrides },
    environment: given.environment ?? {},
    cwd,
    systemDirectory: join(cwd, 'no-such-directory'),
  });
}

/** The problem lines of a configuration that must not load, without the directory in front of config.ini. */
export function problemsOf(given: Given): readonly string[] {
  const error = errorOf(() => load(given));
  expect(error.code).toBe('E_CONFIG');
  expect(error.message).toMatch(/^the configuration has /);
  return error.message
    .split('\n')
    .slice(1)
    .map((line) => line.replace(/^\/\S*\/(config\S*\.ini:\d+:)/, '$1'));
}

export function errorOf(act: () => unknown): TaskbellError {
  try {
    act();
  } catch (error) {
    if (error instanceof TaskbellError) return error;
    throw error;
  }
  throw new Error('expected a TaskbellError, but nothing was thrown');
}
