/** Files below `archive/` that no manifest names. */
import { opendir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { HOUR_MS } from '@tributary/model/time';
import { DATA_PATHS } from '@tributary/runtime/data-folder/paths';
import { errorCode, namesIn } from '../durable.ts';
import { filesNamed, lastSegmentNumber, readSegment } from '../segments.ts';
import type { FaultList } from './faults.ts';

/** What is younger may have a writer that has not written its manifest yet. No manifest takes that long. */
const ABANDONED_MS = HOUR_MS;

export interface OrphanPorts {
  readonly dataDir: string;
  readonly nowMs: number;
  readonly faults: FaultList;
  readonly signal?: AbortSignal;
}

const OF_PARTITION = /^p(\d{2,4})-(\d{6,12})-/;

/**
 * Counts orphans of the partitions in `named`, and, with `strays`, files of no partition of ours. Returns how many files without a manifest
 * are too young to say. One pass over the names: memory does not grow with them.
 */
export async function findOrphans(
  named: ReadonlyMap<number, ReadonlySet<string>>,
  { isKnown, dataDir, nowMs, faults, signal }: OrphanPorts & { readonly isKnown: ((partition: number) => boolean) | null },
): Promise<number> {
  let unfinished = 0;
  const last = new Map<number, number>();
  const days = (await namesIn(join(dataDir, DATA_PATHS.events))).map((name) => `${DATA_PATHS.events}/${name}`);
  for (const folder of [...days, DATA_PATHS.dead]) {
    signal?.throwIfAborted();
    for await (const name of filesIn(join(dataDir, folder))) {
      const path = `${folder}/${name}`;
      const [, partition, number] = OF_PARTITION.exec(name) ?? [];
      const own = partition === undefined ? undefined : named.get(Number(partition));
      if (own === undefined ? isKnown === null || (partition !== undefined && isKnown(Number(partition))) : own.has(path))
        continue;
      const written = await stat(join(dataDir, path)).catch(() => undefined);
      if (written === undefined) continue;
      const isYoung = nowMs - written.mtimeMs < ABANDONED_MS;
      const detail = isYoung ? undefined : await whyOrphan(dataDir, path, partition, number, last);
      if (isYoung) unfinished++;
      else if (detail !== undefined)
        faults.add({
          class: 'orphan',
          ...(partition !== undefined && { partition: Number(partition) }),
          path,
          detail,
        });
    }
  }
  return unfinished;
}

/**
 * undefined: it is none. An archiver that stood still for long may have written its manifest meanwhile; and a manifest that is missing
 * or damaged may name it, so that it must stay until that one is back.
 */
async function whyOrphan(
  dataDir: string,
  path: string,
  partition: string | undefined,
  number: string | undefined,
  newest: Map<number, number>,
): Promise<string | undefined> {
  if (partition === undefined) return 'has not the name of an archived file';
  const last = newest.get(Number(partition)) ?? (await lastSegmentNumber(dataDir, Number(partition)));
  newest.set(Number(partition), last);
  if (Number(number) > last) return `is of segment ${Number(number)}, the newest manifest is ${last < 0 ? 'none' : last}`;
  try {
    const segment = await readSegment(dataDir, Number(partition), Number(number));
    return filesNamed(segment).has(path) ? undefined : 'has no manifest that names it';
  } catch {
    return undefined;
  }
}

/** Names of what is not a folder; where `folder` is a file itself, none. */
async function* filesIn(folder: string): AsyncGenerator<string> {
  try {
    for await (const entry of await opendir(folder)) if (!entry.isDirectory()) yield entry.name;
  } catch (error) {
    if (!['ENOENT', 'ENOTDIR'].includes(errorCode(error) ?? '')) throw error;
  }
}
