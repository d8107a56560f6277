/**
 * Arguments in, exit code out; nothing else.
 *
 * Both ways are loaded on demand: a child never pays for the command line, nor the reverse.
 */
import { CHILD_ARGUMENT, type ChildFactories } from './process/child-process.ts';
import { loadCode } from './process/code-loading.ts';

const FACTORIES: ChildFactories = {
  core: async () => (await loadCode(() => import('./core/core-process.ts'))).createCoreProcess,
  executor: async () =>
    (await loadCode(() => import('./executor/executor-process.ts'))).createExecutorProcess,
  gateway: async () =>
    (await loadCode(() => import('./gateway/gateway-process.ts'))).createGatewayProcess,
};

const [first, ...rest] = process.argv.slice(2);
if (first === CHILD_ARGUMENT) {
  const { runChild } = await loadCode(() => import('./process/run-child.ts'));
  // A child is over when its service is: handlers may have left timers and sockets behind.
  process.exit(await runChild(rest[0], FACTORIES));
} else {
  const { runCli } = await loadCode(() => import('./cli/run-cli.ts'));
  // Not process.exit: what is still on its way to a slow pipe would be cut off.
  process.exitCode = await runCli(process.argv.slice(2));
}
