/**
 * What every key in Redis begins with, and the keys of the log of events: for the log's adapter (its `layout.ts` says what they hold),
 * and for looks at a log without opening it.
 */
export const NAMESPACE = 'tributary';

export function logNamespace(name: 'events' | 'outputs'): string {
  return name === 'events' ? NAMESPACE : `${NAMESPACE}:${name}`;
}

/** A hash: identity, partitions. */
export function logKey(namespace: string): string {
  return `${namespace}:log`;
}

/** A hash: identity of a log → identity of the archive that it is archived in. Beside the state of the speed layer, wherever the log lies. */
export function archivesKey(namespace: string): string {
  return `${namespace}:archives`;
}

export function logStreamKey(namespace: string, partition: number): string {
  return `${namespace}:{${partition}}:log`;
}

/** The id of the newest entry that a trim dropped; absent when nothing was. */
export function trimmedKey(namespace: string, partition: number): string {
  return `${logStreamKey(namespace, partition)}:trimmed`;
}
