/** The code of the error that something throws; undefined when it throws none. */
import { TaskbellError } from '../../src/protocol/errors.ts';

export function codeOfThrown(use: () => unknown): string | undefined {
  try {
    use();
    return undefined;
  } catch (error) {
    if (error instanceof TaskbellError) return error.code;
    throw error;
  }
}
