/**
 * What Redis replies instead of an answer. A reply that goes away by itself becomes `store_unavailable`, which the table of error codes
 * (packages/model/src/errors.ts) calls transient; any other would come again, and becomes `store_refused`. This is the one list of them.
 */

/** Where Redis never executed the command, or not whole, and when it will: the first word of the reply, and what ends it. */
const ENDS_WHEN = {
  LOADING: 'the node has read its data from disk',
  CLUSTERDOWN: 'all slots are served again',
  MASTERDOWN: 'the replica has found its master',
  TRYAGAIN: 'the keys of the command lie on one node again, as their slot has moved',
  MOVED: 'the client has learnt the new map of slots',
  ASK: 'the slot has moved',
  READONLY: 'the client has found the new master after a failover',
  OOM: 'memory has been freed, or an operator gives more',
  BUSY: 'a script of somebody else ends',
  NOREPLICAS: 'enough replicas are connected',
  MISCONF: 'the disk takes writes again',
  UNBLOCKED: 'the client asks the new master',
  'ERR max number of clients': 'other clients have gone',
} as const satisfies Readonly<Record<string, string>>;

const TRANSIENT = new RegExp(`^(${Object.keys(ENDS_WHEN).join('|')})\\b`);

/** A reply that would come again; no failure of the connection. */
export function isFinalReply(error: unknown): error is Error {
  return error instanceof Error && error.name === 'ReplyError' && !TRANSIENT.test(error.message);
}

export function isReply(error: unknown, reply: keyof typeof ENDS_WHEN): boolean {
  return error instanceof Error && error.message.startsWith(reply);
}

/** A reply of names and values by turns, as HGETALL gives them to a script. */
export function recordOf(flat: readonly string[]): Record<string, string> {
  const fields: Record<string, string> = Object.create(null);
  for (let i = 0; i + 1 < flat.length; i += 2) fields[flat[i] as string] = flat[i + 1] as string;
  return fields;
}
