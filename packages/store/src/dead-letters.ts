/**
 * DeadLetters: records of the log that could not be read as events, the newest 10 000 or so of each partition, each with its reason. They are
 * written by commits, and go when an operator replays or drops them. They hold what was sent, personal data too.
 */
import type { DeadLetter } from './speed-store.ts';

export interface StoredDeadLetter extends DeadLetter {
  /** `<partition>-<ms>-<sequence>`: no two letters ever share one. */
  readonly id: string;
  readonly partition: number;
  /** By the store's clock, epoch ms. */
  readonly parkedAt: number;
}

export interface DeadLetterPage {
  readonly letters: readonly StoredDeadLetter[];
  readonly isLast: boolean;
}

export interface DeadLetters {
  /** Newest first, at most `limit`, beyond the letter `after`, which may be gone. It may be fewer though others follow. */
  page(limit: number, after?: DeadLetterId): Promise<DeadLetterPage>;
  find(id: DeadLetterId): Promise<StoredDeadLetter | null>;
  /** False: it was gone already. */
  remove(id: DeadLetterId): Promise<boolean>;
  /** Gives it another reason, as the newest letter of its partition; null: it is gone. */
  replace(id: DeadLetterId, reason: Pick<DeadLetter, 'code' | 'message'>): Promise<StoredDeadLetter | null>;
  /**
   * Removes those that are to go from each partition that has read the barrier of the generation, and notes the generation there: nothing that came
   * before its cut is parked any more. No byte is left in the store of any letter that is gone, by whatever way. Returns how many went.
   */
  forget(generation: number, isToGo: (letter: StoredDeadLetter) => boolean): Promise<number>;
}

export interface DeadLetterId {
  readonly partition: number;
  readonly parkedAt: number;
  readonly sequence: number;
}

const ID = /^(\d{1,5})-(\d{1,15})-(\d{1,15})$/;

/** null: it is none of ours. */
export function parseDeadLetterId(text: string, partitions: number): DeadLetterId | null {
  const [, partition, parkedAt, sequence] = ID.exec(text) ?? [];
  if (Number(partition ?? partitions) >= partitions) return null;
  return { partition: Number(partition), parkedAt: Number(parkedAt), sequence: Number(sequence) };
}

export function textOfId({ partition, parkedAt, sequence }: DeadLetterId): string {
  return `${partition}-${parkedAt}-${sequence}`;
}

/** Where letters were parked at once, those of the first partition come first. */
export function isBeyond(id: DeadLetterId, after: DeadLetterId): boolean {
  return (after.parkedAt - id.parkedAt || after.sequence - id.sequence || id.partition - after.partition) > 0;
}

const FEWEST = 10;

/** How many letters of each partition are read for one page: together about twice as many as it may hold. */
export function lettersOfEach(limit: number, partitions: number): number {
  return Math.min(limit, Math.max(FEWEST, Math.ceil((2 * limit) / partitions)));
}

/** One page of what each partition gave, newest first. */
export function mergedPage(
  parts: readonly { readonly letters: readonly StoredDeadLetter[]; readonly hasMore: boolean }[],
  limit: number,
): DeadLetterPage {
  const idOf = ({ id }: StoredDeadLetter) => parseDeadLetterId(id, Number.POSITIVE_INFINITY) as DeadLetterId;
  const letters = parts.flatMap((part) => part.letters).sort((a, b) => (isBeyond(idOf(a), idOf(b)) ? 1 : -1));
  // Beyond the last one that was read of a partition, its next one might have to come first.
  const unread = parts.filter(({ hasMore }) => hasMore).map((part) => letters.indexOf(part.letters.at(-1) as StoredDeadLetter));
  const page = letters.slice(0, Math.min(limit, ...unread.map((last) => last + 1)));
  return { letters: page, isLast: unread.length === 0 && page.length === letters.length };
}

/** What stands at the end of a record of which only the beginning is kept. */
export function cutNote(characters: number): string {
  return `… (cut: ${characters} characters, all of them in the archive)`;
}

export function isCut(raw: string): boolean {
  return /… \(cut: \d+ characters, all of them in the archive\)$/.test(raw);
}
