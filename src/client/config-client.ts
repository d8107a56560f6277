/** The configuration of a service that runs. */
import type { ReloadAnswer } from '../protocol/reload.ts';
import type { ControlHttp } from './control-http.ts';

export async function reloadConfig(http: ControlHttp): Promise<ReloadAnswer> {
  // Fresh processes start one after the other: the answer comes when the last one works.
  const answer = await http.call({ method: 'POST', path: '/v1/config/reload', timeoutMs: 0 });
  return answer as ReloadAnswer;
}
