/** What an answer lacks: a code for programs, a sentence for people, and whose answers it concerns. Pure. */
import type { Reason } from '@tributary/contract/shapes/meta';

export interface Gap {
  readonly reason: Reason;
  /** Answers about users of other partitions lack nothing because of it; null: all answers lack it; `OF_ALL_USERS`: those over all users. */
  readonly partition: number | null;
  readonly text: string;
}

/** No partition: answers about some users lack nothing because of it. */
export const OF_ALL_USERS = -1;

/** What readers should know though nothing is missing. `partition`: as of a gap. */
export type Note = Omit<Gap, 'reason'>;

/** Gaps of one reason that concern whatever is answered. */
export function gapsOf(reason: Reason, texts: readonly string[]): Gap[] {
  return texts.map((text) => ({ reason, partition: null, text }));
}

/** Where what a partition lacks may be about users of any other. */
export function ofEveryUser<G extends Note>(gaps: readonly G[]): readonly G[] {
  return gaps.map((gap) => (gap.partition === OF_ALL_USERS ? gap : { ...gap, partition: null }));
}

/** Those that concern users of these partitions. */
export function gapsAmong<G extends Note>(gaps: readonly G[], partitions: Pick<ReadonlySet<number>, 'has'>): readonly G[] {
  return gaps.filter(({ partition }) => partition === null || partitions.has(partition));
}

/** The first of them: one partition's is an example of the others'. */
export function exampleOf(notes: readonly Note[]): string[] {
  return notes.slice(0, 1).map(({ text }) => text);
}

/** What `meta` says of them, and of what should merely be known. */
export function completenessOf(
  gaps: readonly Gap[],
  notes: readonly string[],
): { complete: boolean; reasons: Reason[]; warnings: string[] } {
  const reasons = [...new Set(gaps.map(({ reason }) => reason))];
  return { complete: gaps.length === 0, reasons, warnings: [...gaps.map(({ text }) => text), ...notes] };
}
