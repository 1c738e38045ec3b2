/** Appenders and readers of a log on Kafka that keep books, for the faults of brokers. */
import { setTimeout as sleep } from 'node:timers/promises';
import { openKafkaLog, TOPIC_SETTINGS } from '@tributary/log/kafka/kafka-log';
import type { EventLog, LogEntry, Position } from '@tributary/log/port';
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import { type Admin, Kafka, logLevel } from 'kafkajs';
import { expect } from 'vitest';

/** One call of `append`. A retry is another attempt with an id of its own: what the log wrote twice shows. */
export interface Attempt {
  readonly id: string;
  readonly appender: number;
  readonly partition: number;
  readonly bytes: number;
  outcome: 'pending' | { readonly position: Position } | { readonly code: string };
}

export interface Ledger {
  /** In the order of the calls. */
  readonly attempts: Attempt[];
  append(log: EventLog, appender: number, partition: number, padding?: number): Promise<Attempt>;
}

export function openLedger(partitions: number): Ledger {
  const users = usersByPartition(partitions);
  const attempts: Attempt[] = [];
  return {
    attempts,
    async append(log, appender, partition, padding = 0) {
      const id = `${appender}-${attempts.length}`;
      const body = lineOf(id, users[partition] as string, padding);
      const attempt: Attempt = { id, appender, partition, bytes: body.length, outcome: 'pending' };
      attempts.push(attempt);
      attempt.outcome = await log.append(partition, { kind: 'events', body }).then(
        (position) => ({ position }),
        (error: { code?: string }) => ({ code: error.code ?? String(error) }),
      );
      return attempt;
    },
  };
}

function lineOf(id: string, userId: string, padding: number): string {
  const properties = padding > 0 ? { properties: { padding: 'x'.repeat(padding) } } : {};
  return encodeEvent({
    ts: 1_767_225_600_000,
    type: 'click',
    id,
    userId,
    receivedAt: 1_767_225_600_000,
    source: 'faults',
    ...properties,
  });
}

/** For each partition a user who lives there. */
export function usersByPartition(partitions: number): string[] {
  const users: string[] = [];
  for (let i = 0; users.filter((user) => user !== undefined).length < partitions; i++)
    users[partitionOf(`user ${i}`, partitions)] ??= `user ${i}`;
  return users;
}

export const isAcknowledged = ({ outcome }: Attempt): boolean => typeof outcome === 'object' && 'position' in outcome;
export const positionOf = ({ outcome }: Attempt): Position =>
  typeof outcome === 'object' && 'position' in outcome ? outcome.position : '';
export const codesOf = (attempts: readonly Attempt[]): string[] => [
  ...new Set(attempts.flatMap(({ outcome }) => (typeof outcome === 'object' && 'code' in outcome ? [outcome.code] : []))),
];
const idsIn = (entries: readonly LogEntry[]): string[] =>
  entries.flatMap(({ body }) => body.split('\n').map((line) => (JSON.parse(line) as { id: string }).id));

/** Law 6, invariants 2 and 4: what was acknowledged is there once, in the order of its appender's calls; nothing was sent twice. */
export function expectKept(attempts: readonly Attempt[], entries: readonly LogEntry[]): void {
  expect(attempts.filter(({ outcome }) => outcome === 'pending')).toEqual([]);
  const byPartition = Map.groupBy(entries, ({ partition }) => partition);
  for (const [partition, mine] of Map.groupBy(attempts, ({ partition: one }) => one)) {
    const found = byPartition.get(partition) ?? [];
    const ids = idsIn(found);
    const positions = found.map(({ position }) => position);
    expect(positions, 'positions increase').toEqual([...new Set(positions)].sort());
    expect(new Set(ids).size, `partition ${partition}: nothing was written twice`).toBe(ids.length);
    const acknowledged = mine.filter(isAcknowledged);
    const seen = new Set(ids);
    expect(
      acknowledged.filter(({ id }) => !seen.has(id)),
      `partition ${partition}: acknowledged, and lost`,
    ).toEqual([]);
    const unknown = new Set(mine.map(({ id }) => id));
    expect(ids.filter((id) => !unknown.has(id))).toEqual([]);
    for (const [appender, its] of Map.groupBy(acknowledged, (one) => one.appender)) {
      const order = new Set(its.map(({ id }) => id));
      expect(
        ids.filter((id) => order.has(id)),
        `partition ${partition}, appender ${appender}: order of the calls`,
      ).toEqual([...order]);
    }
  }
}

/** Invariant 2 at every position that an append returned: what comes after it is exactly what the log holds after that line. */
export async function expectPositionsExact(
  log: EventLog,
  attempts: readonly Attempt[],
  entries: readonly LogEntry[],
): Promise<void> {
  for (const attempt of attempts) {
    const ids = idsIn(entries.filter(({ partition }) => partition === attempt.partition));
    const next = await log.read(new Map([[attempt.partition, positionOf(attempt)]]), { maxEntries: 1, waitMs: 0 });
    const wanted = ids.slice(ids.indexOf(attempt.id) + 1);
    const got = idsIn(next);
    expect(got, `after ${attempt.id}`).toEqual(wanted.slice(0, got.length));
    expect(got.length === 0, `after ${attempt.id}`).toBe(wanted.length === 0);
  }
}

/**
 * Appends to all partitions in turn, up to `inFlight` at a time, until aborted: the next one 25 ms after an answer. Mostly
 * some are under way; as fast as it goes would only heat the brokers.
 */
export async function appendUntil(
  ledger: Ledger,
  log: EventLog,
  appender: number,
  { inFlight, signal }: { readonly inFlight: number; readonly signal: AbortSignal },
): Promise<void> {
  let appends = 0;
  const appendOneByOne = async (): Promise<void> => {
    while (!signal.aborted) {
      await ledger.append(log, appender, appends++ % log.partitions, 200);
      await sleep(25);
    }
  };
  await Promise.all(Array.from({ length: inFlight }, appendOneByOne));
}

/** A consumer that keeps its own positions and rides out `log_unavailable`; any other error ends it. */
export async function follow(
  log: EventLog,
  signal: AbortSignal,
): Promise<{ readonly entries: LogEntry[]; readonly failures: number }> {
  const positions = new Map<number, Position | null>(fromStart(log.partitions));
  const entries: LogEntry[] = [];
  let failures = 0;
  for (let idle = false; !(signal.aborted && idle); ) {
    const more = await log.read(positions, { maxEntries: 100, waitMs: 200 }).catch((error: { code?: string }) => {
      if (error.code !== 'log_unavailable') throw error;
      failures += 1;
      return sleep(20, null);
    });
    idle = more?.length === 0;
    for (const entry of more ?? []) {
      positions.set(entry.partition, entry.position);
      entries.push(entry);
    }
  }
  return { entries, failures };
}

export function fromStart(partitions: number): Map<number, null> {
  return new Map(Array.from({ length: partitions }, (_, partition) => [partition, null]));
}

/** kafkajs' admin client, for what an operator does to a topic behind our back. */
export async function withAdmin<T>(bootstrap: string, work: (admin: Admin) => Promise<T>): Promise<T> {
  const admin = new Kafka({ clientId: 'operator', brokers: bootstrap.split(','), logLevel: logLevel.NOTHING }).admin();
  await admin.connect();
  try {
    return await work(admin);
  } finally {
    await admin.disconnect();
  }
}

/** Node id of the broker that leads the partition; null while none does. */
export async function leaderOf(bootstrap: string, topic: string, partition: number): Promise<number | null> {
  return withAdmin(bootstrap, async (admin) => {
    const { topics } = await admin.fetchTopicMetadata({ topics: [topic] });
    const leader = topics[0]?.partitions.find(({ partitionId }) => partitionId === partition)?.leader ?? -1;
    return leader < 0 ? null : leader;
  });
}

/** As in production: on three brokers three copies, two of which must acknowledge. */
export function openLog(bootstrap: string, topic: string, partitions: number): Promise<EventLog> {
  const brokers = bootstrap.split(',');
  const settings = brokers.length > 1 ? { replication: 3, minInsync: 2, retentionMs: -1 } : TOPIC_SETTINGS;
  return openKafkaLog({ kafka: { brokers, clientId: 'faults' }, topic, partitions, settings, now: Date.now });
}
