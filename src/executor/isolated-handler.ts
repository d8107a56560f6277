/**
 * A module handler with `isolate = process`: known and asked about payloads in this process, run in one
 * of its own for each attempt.
 */
import type { Handler } from './handler.ts';
import { type IsolatedModule, IsolatedRun, type IsolationSurroundings } from './isolated-run.ts';

export function isolateHandler(
  handler: Handler,
  module: IsolatedModule,
  around: IsolationSurroundings,
): Handler {
  return {
    manifest: handler.manifest,
    contained: true,
    validate: (payload) => handler.validate(payload),
    run: (run) => new IsolatedRun(module, around, run).run(),
  };
}
