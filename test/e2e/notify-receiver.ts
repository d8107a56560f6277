/**
 * The end of the notify protocol at which a service manager sits: a real datagram socket, which Node does not have,
 * held by Python.
 */
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** Reads without room for descriptors: those of BARRIER=1 are closed by that, which is the answer. */
const PROGRAM = `
import json, socket, sys
receiver = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
receiver.bind(sys.argv[1])
print(json.dumps('bound'), flush=True)
while True:
    text = receiver.recv(65536).decode()
    if text != 'BARRIER=1':
        print(json.dumps(text), flush=True)
`;

export type Message = Readonly<Record<string, string>>;

export function hasPython(): boolean {
  return spawnSync('python3', ['-c', 'import socket; socket.AF_UNIX']).status === 0;
}

export class NotifyReceiver {
  readonly socket: string;
  /** In the order of their arrival. */
  readonly messages: Message[] = [];
  readonly #process: ChildProcess;
  readonly #bound: Promise<void>;

  constructor(socket: string) {
    this.socket = socket;
    this.#process = spawn('python3', ['-c', PROGRAM, socket], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const { stdout } = this.#process;
    if (stdout === null) throw new Error('no standard output');
    this.#bound = new Promise((resolve) => {
      createInterface(stdout).on('line', (line) => {
        const text = JSON.parse(line) as string;
        if (text === 'bound') resolve();
        else this.messages.push(parse(text));
      });
    });
  }

  async start(): Promise<this> {
    await this.#bound;
    return this;
  }

  has(name: string, from = 0): boolean {
    return this.messages.slice(from).some((message) => message[name] !== undefined);
  }

  async close(): Promise<void> {
    const gone = once(this.#process, 'exit');
    this.#process.kill('SIGKILL');
    await gone;
  }
}

function parse(text: string): Message {
  const entries = text.split('\n').filter((line) => line !== '');
  return Object.fromEntries(
    entries.map((line) => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)] as const;
    }),
  );
}
