/** Fills a log with the benchmark's events. */
import type { EventLog } from '@tributary/log/port';
import { partitionOf } from '@tributary/model/user-key';
import { type Workload, type WorkloadEvent, workload } from './workload.ts';

const EVENTS_PER_ENTRY = 100;

/** Appends the workload, or these events in its place, in entries of 100; returns the bytes of all lines. */
export async function fill(log: EventLog, load: Workload, events: Iterable<WorkloadEvent> = workload(load)): Promise<number> {
  const open = Array.from({ length: log.partitions }, () => [] as string[]);
  let bytes = 0;
  let underWay: Promise<unknown>[] = [];
  const flush = (partition: number) => {
    const lines = open[partition] as string[];
    if (lines.length > 0) underWay.push(log.append(partition, { kind: 'events', body: lines.join('\n') }));
    open[partition] = [];
  };
  for (const { userKey, line } of events) {
    const partition = partitionOf(userKey, log.partitions);
    bytes += line.length;
    if ((open[partition] as string[]).push(line) >= EVENTS_PER_ENTRY) flush(partition);
    if (underWay.length >= 64) {
      await Promise.all(underWay);
      underWay = [];
    }
  }
  for (let partition = 0; partition < log.partitions; partition++) flush(partition);
  await Promise.all(underWay);
  return bytes;
}
