/** What must be there before anything is measured: a build of Taskbell, and the peers. */
import { existsSync } from 'node:fs';
import path from 'node:path';
import { root, setUp } from '../../scripts/setup.mjs';
import { installPeers } from './peers.mjs';

/** @returns the options with `tree`, the absolute path of the checkout that is measured */
export function prepare(options) {
  const tree = path.resolve(options.tree ?? root);
  if (options.tree === undefined) setUp();
  if (!existsSync(path.join(tree, 'dist', 'main.js'))) {
    throw new Error(`${tree} holds no built Taskbell: run \`npm run build\` there.`);
  }
  // The others are not even looked for when Taskbell is measured alone.
  if (options.peers?.length !== 0) installPeers();
  return { ...options, tree };
}
