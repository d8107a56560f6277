/** Users and grants of the daemon's own directory (`[access] users|datasets = directory`). */
import type { UserAccess } from '../protocol/access.ts';
import type { AccessAnswer, AccessQuestion, GrantView, UserView } from '../protocol/status.ts';
import type { ControlHttp } from './control-http.ts';

export class AccessClient {
  readonly #http: ControlHttp;

  constructor(http: ControlHttp) {
    this.#http = http;
  }

  async listUsers(): Promise<readonly UserView[]> {
    const answer = await this.#http.call({ method: 'GET', path: '/v1/users' });
    return (answer as { users: UserView[] }).users;
  }

  /** Adds a user, or changes the name of one that exists. */
  async addUser(id: string, name?: string): Promise<UserView> {
    const body = JSON.stringify({ id, name });
    return (await this.#http.call({ method: 'POST', path: '/v1/users', body })) as UserView;
  }

  async removeUser(id: string): Promise<void> {
    await this.#http.call({ method: 'DELETE', path: `/v1/users/${encodeURIComponent(id)}` });
  }

  /** Every grant, or those of one user. */
  async listGrants(user?: string): Promise<readonly GrantView[]> {
    const query = user === undefined ? '' : `?user=${encodeURIComponent(user)}`;
    const answer = await this.#http.call({ method: 'GET', path: `/v1/grants${query}` });
    return (answer as { grants: GrantView[] }).grants;
  }

  /** Lets a user subscribe to an object; id `*`: to every object of the type. */
  async grant(grant: GrantView): Promise<GrantView> {
    const body = JSON.stringify(grant);
    return (await this.#http.call({ method: 'POST', path: '/v1/grants', body })) as GrantView;
  }

  async revoke(grant: GrantView): Promise<void> {
    const body = JSON.stringify(grant);
    await this.#http.call({ method: 'DELETE', path: '/v1/grants', body });
  }

  /** What the directory holds of a user; gateways keep it until they hear of a change. */
  async accessOf(user: string): Promise<UserAccess> {
    const path = `/v1/users/${encodeURIComponent(user)}/access`;
    return (await this.#http.call({ method: 'GET', path })) as UserAccess;
  }

  /** Has gateways forget what they know of a user, hooks' answers too, and ask again about what it is attached to. */
  async recheck(user: string): Promise<void> {
    const path = `/v1/users/${encodeURIComponent(user)}/recheck`;
    await this.#http.call({ method: 'POST', path });
  }

  /** What the gateway asks before it lets a user subscribe. */
  async check(question: AccessQuestion): Promise<AccessAnswer> {
    const body = JSON.stringify(question);
    return (await this.#http.call({
      method: 'POST',
      path: '/v1/access/check',
      body,
    })) as AccessAnswer;
  }
}
