/** How a group of appends goes to Kafka: a batch for each partition, in waves where one batch does not hold them. Pure. */
import { TributaryError } from '@tributary/model/errors';
import type { Append } from '../append-queue.ts';
import { type EnvelopeOf, messagesOf } from './layout.ts';
import { BATCH_HEADER, messageBytes, type OutgoingMessage } from './record-batch.ts';

/** An append and its messages. */
export interface Encoded {
  readonly append: Append;
  readonly messages: readonly OutgoingMessage[];
}

/** The appends of each partition that leave together. */
export type Wave = ReadonlyMap<number, Encoded[]>;

export interface Waves {
  readonly waves: readonly Wave[];
  /** Larger alone than what the topic takes. */
  readonly tooLarge: readonly { readonly append: Append; readonly error: TributaryError }[];
}

export interface WaveOptions {
  readonly topic: string;
  readonly envelopeOf: EnvelopeOf;
  /** Bytes of one record batch at most. */
  readonly maxMessageBytes: number;
}

/** In the order of the group within each partition: what is left of one goes with the next wave. */
export function wavesOf(group: readonly Append[], { topic, envelopeOf, maxMessageBytes }: WaveOptions): Waves {
  const waves: Map<number, Encoded[]>[] = [];
  const tooLarge: { append: Append; error: TributaryError }[] = [];
  const filling = new Map<number, { wave: number; bytes: number }>();
  for (const append of group) {
    const messages = messagesOf(append.record, envelopeOf);
    const bytes = messages.reduce((sum, message) => sum + messageBytes(message), 0);
    if (BATCH_HEADER + bytes > maxMessageBytes) {
      const message = `a log entry must have at most ${maxMessageBytes} bytes with its headers, as the topic ${topic} takes no more (got ${bytes})`;
      tooLarge.push({ append, error: new TributaryError('body_too_large', message) });
      continue;
    }
    const at = filling.get(append.partition) ?? { wave: 0, bytes: BATCH_HEADER };
    if (at.bytes + bytes > maxMessageBytes) Object.assign(at, { wave: at.wave + 1, bytes: BATCH_HEADER });
    at.bytes += bytes;
    filling.set(append.partition, at);
    waves[at.wave] ??= new Map();
    const wave = waves[at.wave] as Map<number, Encoded[]>;
    const batch = wave.get(append.partition);
    if (batch === undefined) wave.set(append.partition, [{ append, messages }]);
    else batch.push({ append, messages });
  }
  return { waves, tooLarge };
}
