/** What the answer of an access hook means. Pure. */

export interface HookAnswer {
  readonly status: number;
  readonly body: string;
}

/**
 * 204, or 2xx with `{"allow":true}`: yes. 2xx with `{"allow":false}`, 403 and 404: no. Undefined for all else: it is
 * no answer, but a service that is broken, moved away, or not the one that was meant.
 */
export function verdictOf({ status, body }: HookAnswer): boolean | undefined {
  if (status === 204) return true;
  if (status === 403 || status === 404) return false;
  return status >= 200 && status < 300 ? allowOf(body) : undefined;
}

function allowOf(body: string): boolean | undefined {
  try {
    const allow = (JSON.parse(body) as { allow?: unknown } | null)?.allow;
    return typeof allow === 'boolean' ? allow : undefined;
  } catch {
    // Not JSON: no answer.
    return undefined;
  }
}
