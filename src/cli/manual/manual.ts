/** Every page that is made from the command table, as text. Loads all commands and runs none. */
import { VERSION } from '../../process/version.ts';
import { describeCommands } from '../command-facts.ts';
import { renderCliPage } from './cli-page.ts';
import { JOB_NOTES } from './job-notes.ts';
import { renderManPages } from './man-page.ts';
import { SERVICE_NOTES } from './service-notes.ts';

export interface ManualFile {
  /** Below the root of the repository. */
  readonly name: string;
  readonly content: string;
}

export async function renderManual(): Promise<readonly ManualFile[]> {
  const commands = await describeCommands();
  const notes = { ...SERVICE_NOTES, ...JOB_NOTES };
  const pages = renderManPages({ commands, notes, version: VERSION });
  return [
    { name: 'docs/cli.md', content: renderCliPage(commands, notes) },
    ...pages.map(({ file, text }) => ({ name: `man/${file}`, content: text })),
  ];
}
