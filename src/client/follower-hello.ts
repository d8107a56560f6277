/** Who a follower of the log is: said with the upgrade, shown by `status`. */

/** What the follower tells the core about its process, for `status`. */
export interface FollowerHello {
  readonly role: 'gateway' | 'client';
  readonly pid: number;
  readonly supervisorPid: number;
  /** Of a gateway, told from all others by it. */
  readonly name?: string;
  /** Pid of the process whose place it took. */
  readonly predecessor?: number;
  readonly listen?: { readonly address: string; readonly port: number; readonly path: string };
}

/** With its question mark; empty for a follower that says nothing. */
export function queryOf(hello: FollowerHello | undefined): string {
  if (hello === undefined) return '';
  const parameters = new URLSearchParams({
    role: hello.role,
    pid: String(hello.pid),
    supervisor: String(hello.supervisorPid),
    ...(hello.name === undefined ? {} : { name: hello.name }),
    ...(hello.predecessor === undefined ? {} : { predecessor: String(hello.predecessor) }),
    ...(hello.listen === undefined ? {} : { listen: JSON.stringify(hello.listen) }),
  });
  return `?${parameters}`;
}
