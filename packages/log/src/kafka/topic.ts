/**
 * What is known of the topic: its id, who leads which partition. The id is the log's identity: a topic made again under the
 * same name has another one. Found to be gone, or with another number of partitions, the log stays so: every operation
 * fails from then on.
 */
import { TributaryError } from '@tributary/model/errors';
import { patience } from '@tributary/runtime/wait';
import type { Address } from './connection.ts';
import type { Connections } from './connections.ts';
import { CODE, recreated, unavailable } from './errors.ts';
import { type Metadata, metadataRequest } from './topic-requests.ts';

export interface Topic {
  readonly name: string;
  readonly id: string;
  readonly partitions: number;
  /** Asks the cluster again; calls meanwhile share the answer. Throws `log_recreated`, `partition_mismatch`. */
  refresh(): Promise<void>;
  /** Asks again when the answer is older than half a minute. Throws what was found wrong, now or before. */
  check(): Promise<void>;
  /** Partitions by the broker that leads them; asks again, once, when one is without. Throws `log_unavailable`. */
  byLeader(partitions: readonly number[]): Promise<ReadonlyMap<number, Led>>;
}

export interface Led {
  readonly address: Address;
  readonly partitions: readonly number[];
}

const RECHECK_MS = 30_000;
/** What is known in a moment is asked for this often, ms. */
export const ASK_EVERY_MS = 50;

export interface TopicOptions {
  readonly name: string;
  readonly partitions: number;
  readonly connections: Connections;
  readonly bootstrap: readonly Address[];
}

/** `first`: the description that it was opened with. */
export function watchTopic({ name, partitions, connections, bootstrap }: TopicOptions, first: Metadata): Topic {
  const id = first.topicId;
  let known = first;
  let knownSinceMs = performance.now();
  let wrong: TributaryError | null = null;
  let asking: Promise<void> | null = null;

  async function ask(): Promise<void> {
    const found = await describeTopic(name, connections, [...known.brokers, ...bootstrap]);
    wrong = defectOf(found, { name, id, partitions });
    if (wrong !== null) throw wrong;
    known = found;
    knownSinceMs = performance.now();
  }

  function refresh(): Promise<void> {
    if (wrong !== null) return Promise.reject(wrong);
    asking ??= ask().finally(() => {
      asking = null;
    });
    return asking;
  }

  return {
    name,
    id,
    partitions,
    refresh,
    async check() {
      if (wrong !== null) throw wrong;
      if (performance.now() - knownSinceMs > RECHECK_MS) await refresh();
    },
    async byLeader(wanted) {
      const led = group(known, wanted);
      if (led !== null) return led;
      await refresh();
      const again = group(known, wanted);
      if (again === null) throw unavailable(`a partition of ${name} has no leader just now`);
      return again;
    },
  };
}

function group({ partitions, brokers }: Metadata, wanted: readonly number[]): Map<number, Led> | null {
  const led = new Map<number, { address: Address; partitions: number[] }>();
  for (const partition of wanted) {
    const leader = partitions.find((one) => one.partition === partition)?.leader ?? -1;
    const known = led.get(leader);
    if (known !== undefined) {
      known.partitions.push(partition);
      continue;
    }
    const address = brokers.find(({ nodeId }) => nodeId === leader);
    if (address === undefined) return null;
    led.set(leader, { address, partitions: [partition] });
  }
  return led;
}

function defectOf(found: Metadata, was: { name: string; id: string; partitions: number }): TributaryError | null {
  if (found.errorCode === CODE.unknownTopic) return recreated(was.name, was.id, 'no topic of this name is there');
  if (found.errorCode !== 0) throw unavailable(`the topic ${was.name} cannot be described (error ${found.errorCode})`);
  if (found.topicId !== was.id) return recreated(was.name, was.id, `found ${found.topicId}`);
  return mismatch(found, was.name, was.partitions);
}

export function mismatch({ partitions, topicId }: Metadata, name: string, wanted: number): TributaryError | null {
  if (partitions.length === wanted) return null;
  const message = `TRIBUTARY_PARTITIONS must be ${partitions.length}, as the topic ${name} with the id ${topicId} has them (got ${wanted})`;
  return new TributaryError('partition_mismatch', message);
}

/** From the first broker that answers. */
export async function describeTopic(name: string, connections: Connections, brokers: readonly Address[]): Promise<Metadata> {
  let failure: unknown;
  for (const address of brokers) {
    try {
      return await (await connections.to(address)).send(metadataRequest(name));
    } catch (error) {
      if (error instanceof TributaryError) throw error;
      failure = error;
    }
  }
  const asked = new Set(brokers.map(({ host, port }) => `${host}:${port}`));
  throw unavailable(`none of ${[...asked].join(', ')} answers`, failure);
}

/** Once every partition of a topic has a leader: a new one has none for a moment. */
export async function ledTopic(options: TopicOptions, limitMs: number): Promise<Metadata | null> {
  const more = patience(limitMs, ASK_EVERY_MS);
  for (;;) {
    const found = await describeTopic(options.name, options.connections, options.bootstrap);
    if (found.errorCode === CODE.unknownTopic) return null;
    const led = found.errorCode === 0 && found.partitions.every(({ leader }) => leader >= 0);
    if (led) return found;
    if (found.errorCode !== 0 && found.errorCode !== CODE.leaderNotAvailable)
      throw unavailable(`the topic ${options.name} cannot be described (error ${found.errorCode})`);
    if (!(await more())) throw unavailable(`a partition of ${options.name} has had no leader for ${limitMs} ms`);
  }
}
