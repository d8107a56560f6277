/**
 * What handlers print, line by line into the log of the service, with the attempt that it is of.
 *
 * Each attempt may print as much as it may log; what is left out is named once. Refuses to put it into the
 * job's own log: `ctx.log` does that, and a library that prints must not fill it.
 */
import { AsyncLocalStorage } from 'node:async_hooks';
import type { Readable } from 'node:stream';
import { type FramedLine, LineFramer } from '../process/line-framer.ts';
import type { Logger } from '../process/logger.ts';
import type { Assignment } from '../protocol/execute.ts';
import { MAX_LINE_LENGTH, MAX_LOG_LENGTH } from './attempt-log.ts';

export type OutputName = 'stdout' | 'stderr';

const OUTPUTS: readonly OutputName[] = ['stdout', 'stderr'];

/** What one attempt, or nobody in particular, has printed. */
class Printer {
  readonly #log: Logger;
  readonly #facts: Readonly<Record<string, unknown>>;
  readonly #bounded: boolean;
  readonly #framers = {
    stdout: new LineFramer(MAX_LINE_LENGTH),
    stderr: new LineFramer(MAX_LINE_LENGTH),
  };
  #used = 0;

  constructor(log: Logger, of: Assignment | null) {
    this.#log = log;
    this.#facts = of === null ? {} : { job: of.id, attempt: of.attempt, type: of.type };
    this.#bounded = of !== null;
  }

  print(output: OutputName, bytes: Buffer): void {
    for (const line of this.#framers[output].push(bytes)) this.#write(output, line);
  }

  end(): void {
    for (const output of OUTPUTS) {
      for (const line of this.#framers[output].end()) this.#write(output, line);
    }
  }

  #write(output: OutputName, { text, truncated }: FramedLine): void {
    if (this.#used > MAX_LOG_LENGTH) return;
    // An empty line costs as well, or a flood of them would be free.
    if (this.#bounded) this.#used += text.length + 1;
    if (this.#used > MAX_LOG_LENGTH) {
      this.#log.warn(
        { ...this.#facts, limit: MAX_LOG_LENGTH },
        'output limit: the rest is dropped',
      );
      return;
    }
    const line = truncated ? `${text}…` : text;
    this.#log.info({ ...this.#facts, stream: output, line }, 'output');
  }
}

export class PrintedOutput {
  readonly #log: Logger;
  readonly #running: () => Iterable<Assignment>;
  readonly #printers = new WeakMap<Assignment, Printer>();
  readonly #nobodys: Printer;
  #scope: AsyncLocalStorage<Assignment> | null = null;

  /** @param running the attempts whose code runs in this very process now */
  constructor(log: Logger, running: () => Iterable<Assignment>) {
    this.#log = log;
    this.#running = running;
    this.#nobodys = new Printer(log, null);
  }

  /** Takes what this process would write. @returns gives it back */
  capture(): () => void {
    const giveBack = OUTPUTS.map((output) => {
      const stream = process[output];
      const { write } = stream;
      stream.write = ((chunk: string | Uint8Array, ...rest: readonly unknown[]): boolean => {
        this.#take(output, toBytes(chunk, rest[0]));
        const written = rest.find((one) => typeof one === 'function') as (() => void) | undefined;
        if (written !== undefined) process.nextTick(written);
        return true;
      }) as typeof write;
      return () => {
        stream.write = write;
      };
    });
    return () => {
      for (const one of giveBack) one();
    };
  }

  /**
   * Runs what belongs to an attempt. Whose a line is can be told for sure only if each attempt is followed
   * through all that it waits for, which costs it 1 us: from the first line on that this process prints.
   */
  run(assignment: Assignment, begin: () => unknown): void {
    if (this.#scope === null) begin();
    else this.#scope.run(assignment, begin);
  }

  /** Reads what the process of an attempt prints. */
  read(assignment: Assignment, outputs: Readonly<Record<OutputName, Readable | null>>): void {
    const printer = this.#printerOf(assignment);
    for (const output of OUTPUTS) {
      outputs[output]?.on('data', (bytes: Buffer) => printer.print(output, bytes));
      // It is ending; its exit says more.
      outputs[output]?.on('error', () => {});
    }
  }

  ended(assignment: Assignment): void {
    this.#printers.get(assignment)?.end();
  }

  #take(output: OutputName, bytes: Buffer): void {
    const printer = this.#printerOf(this.#whose());
    this.#scope ??= new AsyncLocalStorage();
    printer.print(output, bytes);
  }

  /** Before attempts were followed there is an answer only where one runs alone. */
  #whose(): Assignment | null {
    const followed = this.#scope?.getStore();
    if (followed !== undefined) return followed;
    const [first, second] = this.#running();
    return first !== undefined && second === undefined ? first : null;
  }

  #printerOf(assignment: Assignment | null): Printer {
    if (assignment === null) return this.#nobodys;
    const known = this.#printers.get(assignment);
    if (known !== undefined) return known;
    const printer = new Printer(this.#log, assignment);
    this.#printers.set(assignment, printer);
    return printer;
  }
}

function toBytes(chunk: string | Uint8Array, encoding: unknown): Buffer {
  if (typeof chunk !== 'string') return Buffer.from(chunk);
  return Buffer.from(chunk, typeof encoding === 'string' ? (encoding as BufferEncoding) : 'utf8');
}
