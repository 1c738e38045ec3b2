/**
 * The files of a generation's deduplicated events. Under the definitions of their time most events are mere signals, which no
 * path will ever ask for: they lie in files of their own, whose name says under which definitions that holds.
 *
 *   members-…                      touches and conversions; also whatever nothing is known about
 *   signals-<definitions version>-…  neither, under these definitions
 */
import { basename } from 'node:path';
import type { StoredFile } from '@tributary/archive/layout';

export const MEMBERS = 'members';

export function signalsPrefix(definitionsVersion: string): string {
  return `signals-${definitionsVersion}`;
}

/** True when the file holds no touch and no conversion under these definitions. */
export function holdsSignalsOnly(file: StoredFile, definitionsVersion: string): boolean {
  return basename(file.path).startsWith(`${signalsPrefix(definitionsVersion)}-`);
}
