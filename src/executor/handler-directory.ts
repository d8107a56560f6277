/**
 * Finds the handler modules of a directory and says which of them may be loaded.
 *
 * The guard against code from elsewhere: only files directly in the directory, whose real path stays
 * inside it, and which others on the machine cannot write. Loads nothing.
 */
import { constants } from 'node:fs';
import { readdir, realpath, stat } from 'node:fs/promises';
import path from 'node:path';

export interface HandlerFile {
  /** The job type: the file's name without its extension. */
  readonly type: string;
  /** As found in the directory. */
  readonly file: string;
  /** What to import; null when `problem` says why it must not be. */
  readonly realPath: string | null;
  readonly problem: string | null;
}

export interface DirectoryListing {
  readonly files: readonly HandlerFile[];
  /** What an operator should know about the directory itself or about files without a usable name. */
  readonly remarks: readonly string[];
}

const EXTENSIONS = ['.js', '.mjs', '.ts'];
const TYPE_NAME = /^[A-Za-z0-9_.-]{1,100}$/;

/** @param runsTypeScript whether this Node runs `.ts` files */
export async function listHandlerFiles(
  directory: string,
  runsTypeScript: boolean,
): Promise<DirectoryListing> {
  const root = await realDirectory(directory);
  if (root === null) return nothing(`${directory} is not there or is no directory`);
  const names = await namesIn(root);
  if (!Array.isArray(names)) return nothing(`${directory} cannot be read (${names.message})`);
  const openToOthers = await writableByOthers(root);
  const remarks: string[] = [];
  const files: HandlerFile[] = [];
  for (const name of names.toSorted()) {
    const type = handlerTypeOf(name);
    if (type === null) continue;
    if (!TYPE_NAME.test(type)) {
      remarks.push(`${name}: expected a name of 1 to 100 letters, digits, "_", "." and "-"`);
      continue;
    }
    const checked = await checkFile(root, name, runsTypeScript);
    if (checked === null) continue;
    const problem = openToOthers
      ? `${directory} can be written by others (chmod o-w)`
      : checked.problem;
    files.push({ type, file: name, realPath: problem === null ? checked.realPath : null, problem });
  }
  return { files: refuseTwins(files), remarks };
}

function nothing(problem: string): DirectoryListing {
  return { files: [], remarks: [`handlersDirectory ${problem}`] };
}

/** The job type that a file name stands for; null for files that are no handlers. Pure. */
export function handlerTypeOf(fileName: string): string | null {
  if (/^[._]/.test(fileName) || /\.d\.ts$|\.test\.\w+$/.test(fileName)) return null;
  const extension = path.extname(fileName);
  return EXTENSIONS.includes(extension) ? fileName.slice(0, -extension.length) : null;
}

async function realDirectory(directory: string): Promise<string | null> {
  try {
    const root = await realpath(directory);
    return (await stat(root)).isDirectory() ? root : null;
  } catch {
    // Missing or unreadable: the caller tells the operator, and command jobs run all the same.
    return null;
  }
}

/** The error when the directory may be entered but not listed. */
async function namesIn(root: string): Promise<string[] | Error> {
  try {
    return await readdir(root);
  } catch (error) {
    return error as Error;
  }
}

async function checkFile(
  root: string,
  name: string,
  runsTypeScript: boolean,
): Promise<{ readonly realPath: string | null; readonly problem: string | null } | null> {
  try {
    const realPath = await realpath(path.join(root, name));
    if (!(await stat(realPath)).isFile()) return null;
    return { realPath, problem: await problemOf(root, realPath, runsTypeScript) };
  } catch (error) {
    return { realPath: null, problem: `cannot be read: ${(error as Error).message}` };
  }
}

async function problemOf(
  root: string,
  realPath: string,
  runsTypeScript: boolean,
): Promise<string | null> {
  if (!realPath.startsWith(root + path.sep)) return `leads outside of ${root}, to ${realPath}`;
  if (await writableByOthers(realPath)) return 'can be written by others (chmod o-w)';
  if (path.extname(realPath) === '.ts' && !runsTypeScript) {
    return `Node ${process.versions.node} does not run .ts files (22.18 and later do): compile it to .js`;
  }
  return null;
}

async function writableByOthers(file: string): Promise<boolean> {
  return ((await stat(file)).mode & constants.S_IWOTH) !== 0;
}

// Which of two files was meant must not depend on the order of a directory.
function refuseTwins(files: readonly HandlerFile[]): readonly HandlerFile[] {
  const byType = new Map<string, HandlerFile>();
  for (const file of files) {
    const twin = byType.get(file.type);
    if (twin === undefined) byType.set(file.type, file);
    else
      byType.set(
        file.type,
        refused(twin, `${twin.file} and ${file.file} are handlers of one type`),
      );
  }
  return [...byType.values()];
}

function refused(file: HandlerFile, problem: string): HandlerFile {
  return { ...file, realPath: null, problem };
}
