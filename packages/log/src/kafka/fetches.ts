/** The fetches under way, one to each broker, and their replies. */
import type { Address } from './connection.ts';
import type { Connections } from './connections.ts';
import type { KafkaRequest } from './request.ts';
import type { Fetched } from './requests.ts';

export interface Fetches {
  /**
   * One fetch to each of these brokers, and none to others; one that is under way for the very same offsets goes on. `waitMs`: how long a
   * broker without messages waits for them. `fresh`: none that was sent before goes on.
   */
  send(targets: readonly Target[], waitMs: number, fresh: boolean): void;
  /** One promise for each fetch under way; `answering`: of those that answer at once. They never reject. */
  replies(which: 'all' | 'answering'): Promise<void>[];
  isUnderWay(): boolean;
  /** What has arrived, each reply once. Throws the error of a fetch that failed. */
  arrived(): Generator<Arrived>;
  /** Gives up all that is under way. */
  dropAll(): void;
}

export interface Target {
  readonly address: Address;
  readonly offsets: ReadonlyMap<number, number>;
  /** Asked only when a fetch is sent. */
  readonly requestOf: () => KafkaRequest<Fetched>;
}

export interface Arrived {
  readonly reply: Fetched;
  readonly offsets: ReadonlyMap<number, number>;
}

interface Fetch extends Omit<Target, 'requestOf'> {
  readonly key: string;
  readonly waits: boolean;
  readonly replied: Promise<void>;
  outcome: Fetched | Error | null;
}

export function createFetches(connections: Connections): Fetches {
  const fetches = new Map<string, Fetch>();

  function start({ address, offsets, requestOf }: Target, key: string, waits: boolean): Fetch {
    const request = requestOf();
    const fetch: Fetch = {
      key,
      address,
      offsets,
      waits,
      outcome: null,
      replied: connections
        .to(address)
        .then((connection) => connection.send(request))
        .then(
          (reply) => void (fetch.outcome = reply),
          (error: Error) => void (fetch.outcome = error),
        ),
    };
    return fetch;
  }

  return {
    send(targets, waitMs, fresh) {
      const current = new Set<string>();
      for (const target of targets) {
        const at = `${target.address.host}:${target.address.port}`;
        current.add(at);
        const key = [...target.offsets].sort(([a], [b]) => a - b).join(' ');
        const known = fetches.get(at);
        if (known !== undefined && known.key === key && !fresh) continue;
        // A broker answers one request after the other: behind one that waits, this one would wait as well.
        if (known !== undefined && known.outcome === null) connections.drop(target.address);
        fetches.set(at, start(target, key, waitMs > 0));
      }
      for (const [at, fetch] of fetches) {
        if (current.has(at)) continue;
        if (fetch.outcome === null) connections.drop(fetch.address);
        fetches.delete(at);
      }
    },
    replies: (which) =>
      [...fetches.values()]
        .filter(({ outcome, waits }) => outcome === null && (which === 'all' || !waits))
        .map(({ replied }) => replied),
    isUnderWay: () => fetches.size > 0,
    *arrived() {
      for (const [at, { outcome, offsets }] of fetches) {
        if (outcome === null) continue;
        fetches.delete(at);
        if (outcome instanceof Error) throw outcome;
        yield { reply: outcome, offsets };
      }
    },
    dropAll() {
      for (const { address, outcome } of fetches.values()) if (outcome === null) connections.drop(address);
      fetches.clear();
    },
  };
}
