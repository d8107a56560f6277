/** `event publish TYPE ID [DATA]`: one event, or those of a file, into the log, to everyone who follows. */
import { createReadStream } from 'node:fs';
import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { TaskbellClient } from '../../../client/client.ts';
import { TaskbellError } from '../../../protocol/errors.ts';
import type { EventRequest } from '../../../protocol/events.ts';
import type { Json } from '../../../protocol/json.ts';
import type { CliContext } from '../../cli-context.ts';
import { readEventBatches } from '../../event-lines.ts';
import { readJsonArgument } from '../../json-input.ts';
import { readTextLines, type TextLine } from '../../text-lines.ts';

interface PublishOptions {
  readonly file?: string;
  readonly json?: true;
}

/** What was named on the command line. */
interface Given {
  readonly type?: string | undefined;
  readonly id?: string | undefined;
  readonly data?: string | undefined;
}

export function define(command: Command, ctx: CliContext): void {
  command
    .argument('[type]', 'event type')
    .argument('[id]', 'id of the object that it is about')
    .argument('[data]', 'JSON array, @file, or - for standard input; [] when omitted')
    .option(
      '--file <file>',
      'an event a line, as JSON; with TYPE and ID only their data; - for standard input',
    )
    .option('--json', 'print the event, or {"published":…,"last":…}, as JSON')
    .action(
      async (
        type: string | undefined,
        id: string | undefined,
        data: string | undefined,
        options: PublishOptions,
      ) => {
        if (options.file === undefined) await publishOne(ctx, { type, id, data }, options);
        else await publishFile(ctx, { type, id, data }, { ...options, file: options.file });
      },
    );
}

async function publishOne(ctx: CliContext, given: Given, { json }: PublishOptions): Promise<void> {
  const { type, id } = given;
  if (type === undefined || id === undefined) throw incomplete();
  const data = checkArray(await readJsonArgument(ctx, given.data ?? '[]', 'data'));
  const [event] = await ctx.withDaemon((daemon) => daemon.publish([{ type, id, data }]));
  if (json) ctx.printJson(event);
  else if (event?.seq === undefined) ctx.print(`published ${type} ${id}, live only`);
  else ctx.print(`published ${type} ${id} as event ${event.seq}`);
}

async function publishFile(
  ctx: CliContext,
  { type, id, data }: Given,
  { file, json }: PublishOptions & { readonly file: string },
): Promise<void> {
  if (data !== undefined || (type === undefined) !== (id === undefined)) throw incomplete();
  const topic = type === undefined || id === undefined ? undefined : { type, id };
  const name = file === '-' ? 'standard input' : resolve(ctx.world.cwd, file);
  const lines = file === '-' ? readTextLines(ctx.world.stdin, name) : readFileLines(name);
  const told = await ctx.withDaemon((daemon) => publishLines(daemon, lines, { name, topic }));
  if (json) ctx.printJson(told);
  else
    ctx.print(
      `published ${told.published} events${told.last === null ? '' : `, the last as ${told.last}`}`,
    );
}

async function publishLines(
  daemon: TaskbellClient,
  lines: AsyncIterable<TextLine>,
  {
    name,
    topic,
  }: { readonly name: string; readonly topic: Omit<EventRequest, 'data'> | undefined },
): Promise<{ readonly published: number; readonly last: string | null }> {
  let published = 0;
  let last: string | null = null;
  for await (const { events, line } of readEventBatches(lines, name, topic)) {
    try {
      const answers = await daemon.publish(events);
      last = answers.findLast(({ seq }) => seq !== undefined)?.seq ?? last;
      published += answers.length;
    } catch (error) {
      throw stoppedAt(error, { published, line });
    }
  }
  return { published, last };
}

/** Says what is there, so that it is not published twice. */
function stoppedAt(
  error: unknown,
  { published, line }: { readonly published: number; readonly line: number },
): unknown {
  if (!(error instanceof TaskbellError)) return error;
  const hint = `${published} events were published, none of those from line ${line} on.`;
  return new TaskbellError(error.code, error.message, {
    hint: error.hint === undefined ? hint : `${error.hint} ${hint}`,
    cause: error,
  });
}

async function* readFileLines(path: string): AsyncGenerator<TextLine> {
  try {
    yield* readTextLines(createReadStream(path) as AsyncIterable<Buffer>, path);
  } catch (cause) {
    if (cause instanceof TaskbellError) throw cause;
    const { code } = cause as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    throw new TaskbellError('E_INPUT_FILE', `The file ${path} ${why}.`, {
      hint: 'Name a readable file after --file, or pass `-` to read standard input.',
      cause,
    });
  }
}

function checkArray(data: Json): readonly Json[] {
  if (Array.isArray(data)) return data as readonly Json[];
  const got = data === null ? 'null' : typeof data;
  throw new TaskbellError('E_INVALID_REQUEST', `The data of an event is an array, got ${got}.`, {
    hint: 'Put it in brackets: \'[{"a":1}]\'.',
  });
}

function incomplete(): TaskbellError {
  return new TaskbellError('E_USAGE', 'An event has a TYPE and an ID.', {
    hint: 'Run `taskbell event publish TYPE ID [DATA]`, or pass the events with --file.',
  });
}
