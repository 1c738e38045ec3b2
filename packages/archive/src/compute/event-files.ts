/**
 * The files of a generation's deduplicated events. Under the definitions of their time most events are mere signals, which no
 * path will ever ask for: they lie in files of their own, whose name says under which definitions that holds.
 *
 *   members-…                        touches and conversions; also whatever nothing is known about
 *   signals-<definitions version>-…  neither, under these definitions
 */
import { basename } from 'node:path';
import type { Definitions } from '@tributary/model/definitions';
import type { StoredFile } from '../layout.ts';
import type { Output } from './output.ts';
import { columnsOfEvents } from './relations.ts';

/** The events of `fresh`, as increments of the shard with this number. */
export async function writeIncrement(output: Output, definitions: Definitions, shard: number): Promise<StoredFile[]> {
  const event = Object.keys(columnsOfEvents(definitions)).join(', ');
  const number = String(shard).padStart(4, '0');
  // One after the other: the other connection computes meanwhile.
  const members = await output.writeRows(`members-${number}`, `SELECT ${event} FROM fresh WHERE is_member`);
  const signals = await output.writeRows(
    `signals-${definitions.version}-${number}`,
    `SELECT ${event} FROM fresh WHERE NOT is_member`,
  );
  return [...members, ...signals];
}

/** True when the file holds no touch and no conversion under these definitions. */
export function holdsSignalsOnly(file: StoredFile, version: string): boolean {
  return basename(file.path).startsWith(`signals-${version}-`);
}

/** Signals of other definitions may be anything under these: they join the members when it is their turn. */
export async function mergeEvents(output: Output, definitions: Definitions, files: readonly StoredFile[]): Promise<StoredFile[]> {
  const { version } = definitions;
  const columns = columnsOfEvents(definitions);
  const signals = files.filter((file) => holdsSignalsOnly(file, version));
  const members = files.filter((file) => !holdsSignalsOnly(file, version));
  return [...(await output.merge('members', columns, members)), ...(await output.merge(`signals-${version}`, columns, signals))];
}
