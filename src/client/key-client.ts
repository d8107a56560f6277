/** The keys that the daemon encrypts with what it stores: which are in use, and the change to the current one. */
import type { KeysView, RotationView } from '../protocol/keys.ts';
import type { ControlHttp } from './control-http.ts';

export class KeyClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  /** Counts what each has encrypted, which takes a while where there is much. */
  async list(): Promise<KeysView> {
    const call = { method: 'GET', path: '/v1/keys', timeoutMs: 0 } as const;
    return (await this.#http.call(call)) as KeysView;
  }

  /**
   * Encrypts everything anew that is not encrypted with the current key. Broken off, it goes on all the same.
   *
   * @throws TaskbellError E_CONFLICT where the daemon has no keys
   */
  async rotate(signal?: AbortSignal): Promise<RotationView> {
    const call = { method: 'POST', path: '/v1/keys/rotate', signal, timeoutMs: 0 } as const;
    return (await this.#http.call(call)) as RotationView;
  }
}
