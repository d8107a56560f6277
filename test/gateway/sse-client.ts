/** A client of server-sent events on plain HTTP: reads the stream as the standard says, and keeps its last id. */
import { type ClientRequest, type IncomingMessage, request } from 'node:http';

export interface StreamEvent {
  readonly event: string;
  readonly data: string;
  readonly id: string;
}

export interface StreamAnswer {
  readonly status: number;
  readonly headers: IncomingMessage['headers'];
  /** Of what is no stream. */
  readonly body: string;
}

export class SseClient {
  readonly #request: ClientRequest;
  readonly #events: StreamEvent[] = [];
  readonly #readers: ((event: StreamEvent) => void)[] = [];
  readonly answered: Promise<StreamAnswer>;
  readonly closed: Promise<void>;
  /** Lines that are comments. */
  comments = 0;
  lastId = '';
  retryMs: number | undefined;
  #response: IncomingMessage | undefined;
  #rest = '';
  #event = '';
  #data: string[] = [];

  constructor(port: number, path: string, headers: Record<string, string>, method = 'GET') {
    const target = { host: '127.0.0.1', port, path, headers, method, agent: false };
    this.#request = request(target).end();
    let close = (): void => {};
    this.closed = new Promise((resolve) => {
      close = resolve;
    });
    this.answered = new Promise((resolve, reject) => {
      this.#request.once('error', (error) => {
        reject(error);
        close();
      });
      this.#request.once('response', (response) => this.#take(response, resolve));
      this.#request.once('close', close);
    });
    // Who does not wait for the answer waits for the end.
    this.answered.catch(() => {});
  }

  next(): Promise<StreamEvent> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve(event);
    return new Promise((resolve) => this.#readers.push(resolve));
  }

  async nextData(): Promise<Record<string, unknown>> {
    return JSON.parse((await this.next()).data);
  }

  pause(): void {
    this.#response?.socket.pause();
  }

  close(): void {
    this.#request.destroy();
  }

  #take(response: IncomingMessage, resolve: (answer: StreamAnswer) => void): void {
    const { statusCode: status = 0, headers } = response;
    this.#response = response;
    // A stream that is cut off ends like one that was ended.
    response.on('error', () => {});
    response.setEncoding('utf8');
    if (headers['content-type']?.startsWith('text/event-stream') === true) {
      response.on('data', (text: string) => this.#read(text));
      resolve({ status, headers, body: '' });
      return;
    }
    let body = '';
    response.on('data', (text: string) => {
      body += text;
    });
    response.once('end', () => resolve({ status, headers, body }));
  }

  #read(text: string): void {
    const lines = (this.#rest + text).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#readLine(line);
  }

  #readLine(line: string): void {
    if (line === '') this.#dispatch();
    else if (line.startsWith(':')) this.comments += 1;
    else {
      const [field, value = ''] = line.split(/: (.*)/s);
      if (field === 'data') this.#data.push(value);
      else if (field === 'event') this.#event = value;
      else if (field === 'id') this.lastId = value;
      else if (field === 'retry') this.retryMs = Number(value);
    }
  }

  #dispatch(): void {
    const event = { event: this.#event || 'message', data: this.#data.join('\n'), id: this.lastId };
    const isEmpty = this.#data.length === 0;
    this.#event = '';
    this.#data = [];
    if (isEmpty) return;
    const reader = this.#readers.shift();
    if (reader === undefined) this.#events.push(event);
    else reader(event);
  }
}
