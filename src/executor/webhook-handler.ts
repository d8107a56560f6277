/**
 * The handler of a `[job:NAME] url = …`: each attempt is one signed POST to a web hook.
 *
 * The address comes from configuration only; nothing of a job ever becomes part of it.
 */
import { readFile } from 'node:fs/promises';
import type { JobTypeSettings } from '../config/settings.ts';
import { activeTraceparent } from '../process/tracing.ts';
import { VERSION } from '../process/version.ts';
import type { Assignment, TypeManifest } from '../protocol/execute.ts';
import { readSecrets, signatureHeaders } from '../protocol/webhook-signature.ts';
import type { Ending, Handler, Run } from './handler.ts';
import { describeError } from './job-error.ts';
import { judgeAnswer } from './webhook-answer.ts';
import { postWebhook, type Reply, type Resolve, resolveHost } from './webhook-request.ts';

export type WebhookSettings = Pick<
  JobTypeSettings,
  'name' | 'secretFile' | 'header' | 'allowPrivateHosts'
> & { readonly url: string };

export interface WebhookSurroundings {
  readonly resolve: Resolve;
  /** Epoch milliseconds. */
  readonly now: () => number;
}

const REAL_SURROUNDINGS: WebhookSurroundings = { resolve: resolveHost, now: () => Date.now() };

/** Standard Webhooks recommends 15 to 30 s. */
const DEFAULT_TIMEOUT_MS = 30_000;

export function createWebhookHandler(
  hook: WebhookSettings,
  around: WebhookSurroundings = REAL_SURROUNDINGS,
): Handler {
  const manifest: TypeManifest = {
    name: hook.name,
    kind: 'webhook',
    schema: false,
    settings: { timeoutMs: DEFAULT_TIMEOUT_MS },
  };
  return {
    manifest,
    validate: async () => null,
    run: (run) => runWebhook(hook, around, run),
  };
}

/** @throws Error when its secret cannot be used */
export async function loadWebhookHandler(hook: WebhookSettings): Promise<Handler> {
  await secretsOf(hook);
  return createWebhookHandler(hook);
}

async function runWebhook(
  hook: WebhookSettings,
  around: WebhookSurroundings,
  run: Run,
): Promise<Ending> {
  if (run.signal.aborted) return { kind: 'stopped' };
  try {
    const secrets = await secretsOf(hook);
    const body = bodyOf(run.assignment);
    const trace = activeTraceparent() ?? run.assignment.traceparent;
    const facts = { id: idOf(run.assignment), body, now: around.now(), trace };
    const headers = headersOf(hook, facts, secrets);
    const { signal } = run;
    const { allowPrivateHosts } = hook;
    const request = { url: new URL(hook.url), headers, body, allowPrivateHosts, signal };
    return endingOf(await postWebhook(request, around.resolve), hook, around.now(), run);
  } catch (error) {
    // A secret that cannot be read may be there again when the attempt is repeated.
    const message = `[job:${hook.name}] ${describeError(error).message}`;
    return { kind: 'failed', error: { name: 'WebhookFailed', message }, retryable: true };
  }
}

/** Read for each request, so that a secret can be exchanged without a restart. */
async function secretsOf({ secretFile }: WebhookSettings): Promise<readonly Buffer[]> {
  if (secretFile === null) return [];
  try {
    return readSecrets(await readFile(secretFile, 'utf8'));
  } catch (error) {
    throw new Error(`secretFile ${secretFile}: ${describeError(error).message}`, { cause: error });
  }
}

/** Dots are what the signed parts are joined with; ids have none, but that is for the store to choose. */
function idOf({ id }: Assignment): string {
  return `job_${id.replaceAll('.', '_')}`;
}

function bodyOf(job: Assignment): string {
  const { id, type, attempt, queue, userId, payload, dependencies } = job;
  return JSON.stringify({
    id,
    type,
    attempt,
    queue,
    userId,
    group: job.group ?? null,
    createdAt: new Date(job.createdAt).toISOString(),
    payload,
    ...(dependencies === undefined ? {} : { dependencies }),
  });
}

interface Facts {
  readonly id: string;
  readonly body: string;
  readonly now: number;
  /** W3C traceparent; undefined: the job belongs to no trace. */
  readonly trace: string | undefined;
}

function headersOf(
  { header }: WebhookSettings,
  { id, body, now, trace }: Facts,
  secrets: readonly Buffer[],
): Readonly<Record<string, string>> {
  const configured = Object.entries(header).map(([name, value]) => [name.toLowerCase(), value]);
  return {
    'user-agent': `taskbell/${VERSION}`,
    accept: 'application/json',
    ...(trace === undefined ? {} : { traceparent: trace }),
    ...(Object.fromEntries(configured) as Record<string, string>),
    'content-type': 'application/json',
    ...signatureHeaders({ id, timestamp: Math.floor(now / 1_000), body }, secrets),
  };
}

function endingOf(reply: Reply, hook: WebhookSettings, now: number, run: Run): Ending {
  switch (reply.kind) {
    case 'aborted':
      return { kind: 'stopped' };
    case 'refused':
      return { kind: 'failed', error: refusal(reply.problem, hook), retryable: false };
    case 'unreachable': {
      // Its path and query may hold secrets.
      const message = `web hook at ${new URL(hook.url).origin} did not answer: ${reply.problem}`;
      return { kind: 'failed', error: { name: 'WebhookFailed', message }, retryable: true };
    }
    case 'answered': {
      const { ending, remark } = judgeAnswer(reply.answer, now);
      if (remark !== null) run.sink.log('warn', remark);
      return ending;
    }
  }
}

function refusal(problem: string, { name, url }: WebhookSettings) {
  const host = new URL(url).hostname;
  const message =
    `web hook refused: ${problem}, and web hooks call public addresses only. ` +
    `If this host is meant, set allowPrivateHosts = ${host} in [job:${name}]`;
  return { name: 'WebhookRefused', message };
}
