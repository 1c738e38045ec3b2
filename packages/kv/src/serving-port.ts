/** ServingStore: what the API and the jobs read of the speed layer's state. */
import type { RowsByView } from '@tributary/views/deltas';
import type { DeadLetter, PartitionState } from './port.ts';

/** One partition's part of an answer, read atomically: state and deltas belong to the same commit. */
export interface PartitionDeltas {
  readonly partition: number;
  /** null: the speed layer never committed anything here. */
  readonly state: PartitionState | null;
  /** Σ of the deltas of generations ≥ the one asked for. */
  readonly rows: RowsByView;
  readonly pending: number;
  readonly overflowed: number;
}

/** Which generation readers take. A cache of the newest publication file. */
export interface GenerationPointer {
  readonly sequence: number;
  readonly generation: number;
}

export interface ServingStore {
  /** Users' records as raw bytes (see `signals.ts`), null where there is none. */
  records(users: readonly { readonly partition: number; readonly userKey: string }[]): Promise<(Buffer | null)[]>;
  /** Deltas of the named views of every partition, generations `[fromGeneration, beforeGeneration)`. */
  deltas(views: readonly string[], fromGeneration: number, beforeGeneration?: number): Promise<PartitionDeltas[]>;
  states(): Promise<(PartitionState | null)[]>;
  /** Where a conversion that the speed layer saw is to be found. */
  findConversion(id: string): Promise<{ readonly partition: number; readonly userKey: string } | null>;
  pointer(): Promise<GenerationPointer | null>;
  /** Moves the pointer forward; an older or equal sequence changes nothing. */
  setPointer(pointer: GenerationPointer): Promise<void>;
  /** Deletes deltas of generations below `generation`. */
  retireDeltas(generation: number): Promise<void>;
  deadLetters(limit: number): Promise<(DeadLetter & { readonly partition: number })[]>;
}
