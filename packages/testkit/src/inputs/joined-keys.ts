/** Inputs of tests about the keys of one person: small definitions that do not join them and the same that do, and two partitions that come from one to the other. */
import { encodeEvent } from '@tributary/model/event';
import { partitionOf } from '@tributary/model/user-key';
import type { MemoryLog } from '../memory/memory-log.ts';
import { definitionsOf, SMALL_DEFINITIONS } from './generate-definitions.ts';

const FILE = { ...SMALL_DEFINITIONS, signalRetention: { days: 90, perUser: 20 } };

export const APART = definitionsOf(FILE);
export const JOINED = definitionsOf({ ...FILE, identity: { days: 30 } });

export const PARTITIONS: readonly number[] = [0, 1];
/** When the events of these partitions happened and were received, epoch ms. */
export const AT = 1_000_000;

/** A key that lies in one of these partitions. */
export function keyIn(partition: number, head: string): string {
  const names = Array.from({ length: 50 }, (_, n) => `${head}${n}`);
  return names.find((name) => partitionOf(name, PARTITIONS.length) === partition) as string;
}

/** What is written into the log of these partitions: events, and the barrier from which keys are joined. */
export function writesInto(log: MemoryLog) {
  let ids = 0;
  return {
    say(partition: number, of: object) {
      const event = { ts: AT, id: `e${++ids}`, receivedAt: AT, source: 'test', type: 'click', ...of };
      return log.append(partition, { kind: 'events', body: encodeEvent(event) });
    },
    barrier(partition: number) {
      return log.append(partition, { kind: 'barrier', body: JSON.stringify({ generation: 1, definitions: JOINED.json }) });
    },
  };
}
