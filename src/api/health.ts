/**
 * /healthz and /readyz, for probes: open to everybody who reaches the address, so that they tell nothing but this.
 */
import { TaskbellError } from '../protocol/errors.ts';
import type { ApiContext } from './api-context.ts';
import { type ApiAnswer, ok, type Route } from './route.ts';

type Context = Pick<ApiContext, 'proveCommit'>;

/** Answered without a token. */
export const OPEN_PATHS: ReadonlySet<string> = new Set(['/healthz', '/readyz']);

const NOT_READY = 503;

export function healthRoutes({ proveCommit }: Context): readonly Route[] {
  return [
    {
      method: 'GET',
      path: '/healthz',
      forEdges: true,
      handle: async () => ok({ alive: true }),
    },
    { method: 'GET', path: '/readyz', forEdges: true, handle: () => readiness(proveCommit) },
  ];
}

async function readiness(proveCommit: Context['proveCommit']): Promise<ApiAnswer> {
  try {
    const { commitMs } = await proveCommit();
    return ok({ ready: true, commitMs: Math.round(commitMs * 100) / 100 });
  } catch (error) {
    return { status: NOT_READY, body: { ready: false, ...reasonOf(error) } };
  }
}

/** What was not foreseen may name anything: the log has it. */
function reasonOf(error: unknown): { readonly code: string; readonly reason: string } {
  if (error instanceof TaskbellError) return { code: error.code, reason: error.message };
  return { code: 'E_INTERNAL', reason: 'The commit failed; the log of the daemon says why.' };
}
