/** What can be wrong with the files of a data folder, each in one class. */

import type { StoredFile } from '../layout.ts';

/**
 * - `missing`: a manifest names a file that is not there.
 * - `truncated`: it is shorter than its manifest says.
 * - `altered`: it has another length, or the same and another SHA-256.
 * - `unreadable`: it is there, and the system does not let it be read.
 * - `manifest`: a manifest is not JSON, has a field that cannot be, or names another place than its own.
 * - `gap`: segments are missing, or one begins behind the end of the one before.
 * - `overlap`: a segment begins before the end of the one before, or ends before it begins.
 * - `other-log`: a segment was read from another log.
 * - `behind`: a generation counts segments that the archive lacks, or that end elsewhere than its cut.
 * - `orphan`: no manifest names it. No reader of manifests sees it; who reads the folder itself does.
 */
export const FAULT_CLASSES = [
  'missing',
  'truncated',
  'altered',
  'unreadable',
  'manifest',
  'gap',
  'overlap',
  'other-log',
  'behind',
  'orphan',
] as const;
export type FaultClass = (typeof FAULT_CLASSES)[number];

export interface Fault {
  readonly class: FaultClass;
  /** A fault of the archive has it; others lack it. */
  readonly partition?: number;
  readonly generation?: number;
  /** Relative to the data folder. */
  readonly path: string;
  readonly detail: string;
  /** What the manifest says of a file that is damaged. */
  readonly file?: StoredFile;
  /** Which segments a gap or a damaged manifest leaves out, or a damaged file is of, both included. */
  readonly segments?: { readonly first: number; readonly last: number };
}

/** Nothing is lost by what bears no name: it is only in the way. */
export function isDamage(fault: Pick<Fault, 'class'>): boolean {
  return fault.class !== 'orphan';
}

/** Faults that are kept with their words; all are counted. */
export const MOST_FAULTS = 1_000;

export interface FaultList {
  add(fault: Fault): void;
  /** The first `MOST_FAULTS`. */
  readonly faults: readonly Fault[];
  /** How many there are, also of those that are not kept. */
  readonly counts: Readonly<Record<FaultClass, number>>;
}

export function createFaultList(): FaultList {
  const faults: Fault[] = [];
  const counts = Object.fromEntries(FAULT_CLASSES.map((name) => [name, 0])) as Record<FaultClass, number>;
  return {
    faults,
    counts,
    add(fault) {
      counts[fault.class]++;
      if (faults.length < MOST_FAULTS) faults.push(fault);
    },
  };
}
