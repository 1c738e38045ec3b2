/** What Redis holds of a user: their record, the index of conversions, dead letters, and outputs that were not sent yet. */
import { lineTs } from '@tributary/model/event';
import type { DeadLetterId, DeadLetters } from '@tributary/store/dead-letters';
import { parseDeadLetterId } from '@tributary/store/dead-letters';
import type { RecordOwner } from '@tributary/store/serving-store';
import type { SubjectReads } from '@tributary/store/subject-reads';
import { type Found, found, foundText } from './line.ts';
import { whoseText } from './whose.ts';

const LETTERS_OF_A_PAGE = 100;

/** A letter that is read again and becomes an event is in the log by then: letters are read before it. */
export async function* fromDeadLetters(deadLetters: DeadLetters, userKey: string): AsyncGenerator<Found> {
  let after: DeadLetterId | undefined;
  for (;;) {
    const { letters, isLast } = await deadLetters.page(LETTERS_OF_A_PAGE, after);
    for (const { id, partition, at, parkedAt, code, message, raw } of letters) {
      // The message may quote what was sent.
      const whose = whoseText(raw, userKey) ?? (message.includes(userKey) ? 'text' : null);
      if (whose !== null) yield found('deadLetters', { id, partition, at }, whose, { parkedAt, code, message, raw });
    }
    const last = letters.at(-1);
    if (isLast || last === undefined) return;
    after = parseDeadLetterId(last.id, Number.POSITIVE_INFINITY) ?? undefined;
  }
}

export async function* fromOutbox(reads: SubjectReads, partitions: readonly number[], userKey: string): AsyncGenerator<Found> {
  for (const partition of partitions)
    for await (const { key, number, line } of reads.outboxLines(partition)) {
      const whose = whoseText(line, userKey);
      if (whose !== null) yield foundText('outbox', { key, number }, whose, 'output', line);
    }
}

/** `record`: the lines of the user, the mark of what was cut off among them. */
export function* fromRecord(key: string, record: Buffer | null): Generator<Found> {
  if (record === null) return;
  let number = 0;
  for (let start = 0; start < record.length; number++) {
    const newline = record.indexOf(0x0a, start);
    const end = newline < 0 ? record.length : newline;
    const line = record.toString('utf8', start, end);
    const what = Number.isNaN(lineTs(line)) ? 'text' : 'event';
    yield foundText('record', { key, line: number }, 'own', what, line);
    start = end + 1;
  }
}

export async function* fromSegments(reads: SubjectReads, owner: RecordOwner, versions: readonly string[]): AsyncGenerator<Found> {
  for (const { key, instant } of await reads.segmentEntries(owner, versions))
    yield found('segments', { key }, 'own', { instant });
}

export async function* fromIndex(reads: SubjectReads, owner: RecordOwner): AsyncGenerator<Found> {
  for await (const { key, generation, id } of reads.conversionIds(owner))
    yield found('conversionIndex', { key, generation }, 'own', { conversion: id });
}
