/**
 * The files of a generation's deduplicated events. Under the definitions of their time most events are mere signals, which no
 * path will ever ask for: they lie in files of their own, whose name says under which definitions that holds.
 *
 *   members-…                        touches and conversions; also whatever nothing is known about
 *   signals-<definitions version>-…  neither, under these definitions
 */
import { basename } from 'node:path';
import type { StoredFile } from '@tributary/archive/layout';
import type { Output } from './output.ts';
import { GENERATION_EVENT_COLUMNS } from './relations.ts';

const EVENT = Object.keys(GENERATION_EVENT_COLUMNS).join(', ');

/** The events of `fresh`, as increments of the shard with this number. */
export async function writeIncrement(output: Output, version: string, shard: number): Promise<StoredFile[]> {
  const number = String(shard).padStart(4, '0');
  return [
    ...(await output.writeRows(`members-${number}`, `SELECT ${EVENT} FROM fresh WHERE is_member`)),
    ...(await output.writeRows(`signals-${version}-${number}`, `SELECT ${EVENT} FROM fresh WHERE NOT is_member`)),
  ];
}

/** True when the file holds no touch and no conversion under these definitions. */
export function holdsSignalsOnly(file: StoredFile, version: string): boolean {
  return basename(file.path).startsWith(`signals-${version}-`);
}

/** Signals of other definitions may be anything under these: they join the members when it is their turn. */
export async function mergeEvents(output: Output, version: string, files: readonly StoredFile[]): Promise<StoredFile[]> {
  const signals = files.filter((file) => holdsSignalsOnly(file, version));
  const members = files.filter((file) => !holdsSignalsOnly(file, version));
  return [
    ...(await output.merge('members', GENERATION_EVENT_COLUMNS, members)),
    ...(await output.merge(`signals-${version}`, GENERATION_EVENT_COLUMNS, signals)),
  ];
}
