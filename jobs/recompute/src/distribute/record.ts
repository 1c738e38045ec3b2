/**
 * What is known of a finished shard. Among any number of attempts at it one is recorded, and only its files count; those of the others
 * are orphans, which go with the folder.
 */
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { ShardPart } from '@tributary/archive/compute/spec';
import { shardsFolder } from '@tributary/archive/compute/staging';
import type { StoredFile } from '@tributary/archive/layout';
import { verifyFiles } from '@tributary/archive/verify';
import { TributaryError } from '@tributary/model/errors';
import type { ShardName } from '../specs/shard.ts';
import { createSealed, readSealed } from './sealed-file.ts';

/** Where one attempt keeps its files, relative to the data folder. */
export function attemptFolder({ generation, plan, number }: ShardName, attempt: string): string {
  return `${shardsFolder(generation, plan)}/${padded(number)}-${attempt}`;
}

/** False when another attempt was recorded before. */
export function recordPart(dataDir: string, name: ShardName, part: ShardPart): Promise<boolean> {
  return createSealed(recordPath(dataDir, name), part);
}

/** The part, if it is recorded and its files are what the record says; else the shard is to be computed (again). */
export async function soundPart(dataDir: string, name: ShardName): Promise<ShardPart | undefined> {
  try {
    const part = await readSealed<ShardPart>(recordPath(dataDir, name));
    if (part !== undefined) await verifyFiles(dataDir, filesOf(part));
    return part;
  } catch (error) {
    if (!(error instanceof TributaryError && error.code === 'archive_corrupt')) throw error;
    // What is not sound must not keep a sound one from being recorded.
    await rm(recordPath(dataDir, name), { force: true });
    return undefined;
  }
}

function filesOf({ increments, rows, conversions, replaced }: ShardPart): StoredFile[] {
  return [...increments, ...Object.values(rows).flat(), ...conversions, ...replaced];
}

function recordPath(dataDir: string, { generation, plan, number }: ShardName): string {
  return join(dataDir, shardsFolder(generation, plan), `${padded(number)}.json`);
}

function padded(number: number): string {
  return String(number).padStart(4, '0');
}
