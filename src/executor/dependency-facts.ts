/**
 * How a command learns of the jobs that its own was added after: as a variable or, when that is too
 * large for one, as a file that is gone when the command has ended.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Dependencies } from '../protocol/execute.ts';
import type { Environment } from './command-environment.ts';

/** Linux takes 128 KiB for one string of the environment (MAX_ARG_STRLEN), and all of them share the stack. */
const MAX_VARIABLE_BYTES = 64 * 1024;

export interface DependencyFacts {
  readonly environment: Environment;
  /** Takes away what was made for it. */
  remove(): void;
}

/** @throws the error of the system when the file cannot be written */
export function handDown(dependencies: Dependencies | undefined): DependencyFacts {
  if (dependencies === undefined) return { environment: {}, remove: () => undefined };
  const text = JSON.stringify(dependencies);
  if (Buffer.byteLength(text) <= MAX_VARIABLE_BYTES) {
    return { environment: { JOB_DEPENDENCIES: text }, remove: () => undefined };
  }
  const directory = mkdtempSync(path.join(tmpdir(), 'taskbell-job-'));
  const remove = () => rmSync(directory, { recursive: true, force: true });
  try {
    const file = path.join(directory, 'dependencies.json');
    writeFileSync(file, text, { mode: 0o600 });
    return { environment: { JOB_DEPENDENCIES_FILE: file }, remove };
  } catch (error) {
    remove();
    throw error;
  }
}
