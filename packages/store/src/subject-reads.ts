/** SubjectReads: what the speed layer's state holds of one user beside their record, in parts, for an export. Nothing is locked, and nothing changes. */
import type { RecordOwner } from './serving-store.ts';

export interface FoundConversionId {
  readonly key: string;
  readonly generation: number;
  readonly id: string;
}

export interface NumberedLine {
  readonly key: string;
  /** The number of the line in its partition: it is the same in every history. */
  readonly number: number;
  readonly line: string;
}

export interface FoundSegmentEntry {
  readonly key: string;
  readonly instant: number;
}

export interface SubjectReads {
  /** The name of the user's record. */
  recordKey(owner: RecordOwner): string;
  /** Conversions of the user that are in the index, of every generation that is kept. Some ids may come twice. */
  conversionIds(owner: RecordOwner): AsyncIterable<FoundConversionId>;
  /** Where the user stands in the lists of segments, of these versions, with their instants (0 among members). */
  segmentEntries(owner: RecordOwner, versions: readonly string[]): Promise<readonly FoundSegmentEntry[]>;
  /** Every line in the outbox of a partition. Those that leave it meanwhile are in the output log. */
  outboxLines(partition: number): AsyncIterable<NumberedLine>;
}
