/** The clients of the event gateways, and what they wait for. */
import type {
  ClosedConnections,
  ConnectionPage,
  ConnectionView,
  TopicPage,
} from '../protocol/gateways.ts';
import type { ControlHttp } from './control-http.ts';
import { queryOf } from './query-text.ts';

export interface ConnectionListOptions {
  readonly user?: string;
  /** Of a topic, with `id`: attached to it, or by a pattern that covers it. */
  readonly type?: string;
  readonly id?: string;
}

export interface CloseOptions {
  /** True: the client is asked to come back (1012); false or omitted: it is told that it may not stay (4403). */
  readonly comeBack?: boolean;
}

const PATH = '/v1/connections';

export class ConnectionClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  /** One page; `silent` names gateways that did not answer. */
  async page(
    options: ConnectionListOptions & { readonly after?: string; readonly limit?: number } = {},
  ): Promise<ConnectionPage> {
    const path = `${PATH}${queryOf({ ...options })}`;
    return (await this.#http.call({ method: 'GET', path })) as ConnectionPage;
  }

  /** All of them, fetched page by page. @param onSilent told of gateways that did not answer */
  async *list(
    options: ConnectionListOptions = {},
    onSilent: (names: readonly string[]) => void = () => undefined,
  ): AsyncGenerator<ConnectionView, void> {
    let after: string | null | undefined;
    while (after !== null) {
      const page: ConnectionPage = await this.page({
        ...options,
        ...(after === undefined ? {} : { after }),
        limit: 1_000,
      });
      if (page.silent.length > 0) onSilent(page.silent);
      yield* page.connections;
      after = page.next;
    }
  }

  /** Closes one. */
  close(id: string, options: CloseOptions = {}): Promise<ClosedConnections> {
    return this.#close(`${PATH}/${encodeURIComponent(id)}${queryOf(asked(options))}`);
  }

  /** Closes those of a user; there may be none. Their tokens stay valid: see `tokens.revoke`. */
  closeUser(user: string, options: CloseOptions = {}): Promise<ClosedConnections> {
    return this.#close(`${PATH}${queryOf({ user, ...asked(options) })}`);
  }

  /** What is waited for, most subscribers first. */
  async topics(
    options: { readonly type?: string; readonly limit?: number } = {},
  ): Promise<TopicPage> {
    const path = `/v1/events/topics${queryOf({ ...options })}`;
    return (await this.#http.call({ method: 'GET', path })) as TopicPage;
  }

  async #close(path: string): Promise<ClosedConnections> {
    return (await this.#http.call({ method: 'DELETE', path })) as ClosedConnections;
  }
}

function asked({ comeBack }: CloseOptions) {
  return { comeBack: comeBack === true ? 'true' : undefined };
}
