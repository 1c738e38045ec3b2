/** The lines of a log in memory, each with its place, and where its barriers lie. */
import type { Event } from '@tributary/model/event';
import type { MemoryDisk } from '@tributary/testkit/memory/memory-log';
import type { LogLine } from '@tributary/testkit/oracle/naive-joined';

export function linesOf(disk: MemoryDisk): LogLine[] {
  return disk.partitions.flatMap(({ entries }, partition) =>
    entries.flatMap(({ kind, position, body, firstLine }) =>
      kind !== 'events'
        ? []
        : body.split('\n').map((line, number) => ({
            partition,
            // Where lines are apart, each has the next number.
            ...placeAt(firstLine === undefined ? position : later(firstLine, number), firstLine === undefined ? number : 0),
            event: JSON.parse(line) as Event,
          })),
    ),
  );
}

/** By partition, in order. */
export function textsOf(disk: MemoryDisk): string[][] {
  return disk.partitions.map(({ entries }) => entries.flatMap(({ body }) => body.split('\n')));
}

function placeAt(position: string, number: number) {
  return { position, at: `${position}.${String(number).padStart(7, '0')}` };
}

function later(position: string, by: number): string {
  return String(Number(position) + by).padStart(position.length, '0');
}

export function cutsOf(disk: MemoryDisk, generation: number): string[] | null {
  const cut = disk.partitions.map(
    ({ entries }) =>
      entries.find(
        ({ kind, body }) => kind === 'barrier' && (JSON.parse(body) as { generation: number }).generation === generation,
      )?.position,
  );
  return cut.includes(undefined) ? null : (cut as string[]);
}
