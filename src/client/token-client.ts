/** Revocations: access tokens that are refused before they expire, and connections that end with them. */
import type { RevocationPage, RevocationRequest, RevocationView } from '../protocol/tokens.ts';
import type { ControlHttp } from './control-http.ts';
import { toText } from './json-text.ts';

const PATH = '/v1/tokens/revocations';

export class TokenClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  /**
   * Refuses tokens from now on, and closes the connections that they opened, within a second: one by its `tokenId`
   * (`jti`); those of a `user` that were issued until now, or before `issuedBefore`; or everybody's before that.
   */
  async revoke(request: RevocationRequest): Promise<RevocationView> {
    const call = { method: 'POST', path: PATH, body: toText(request) } as const;
    return (await this.#http.call(call)) as RevocationView;
  }

  /** Those in force, oldest first, fetched page by page. */
  async *revocations(): AsyncGenerator<RevocationView, void> {
    let next: string | null = '0';
    while (next !== null) {
      const path: string = `${PATH}?limit=1000&after=${encodeURIComponent(next)}`;
      const page = (await this.#http.call({ method: 'GET', path })) as RevocationPage;
      yield* page.revocations;
      next = page.next;
    }
  }

  /** Takes a revocation back: tokens that it refused and that have not expired count again. */
  async restore(id: string): Promise<void> {
    await this.#http.call({ method: 'DELETE', path: `${PATH}/${encodeURIComponent(id)}` });
  }
}
