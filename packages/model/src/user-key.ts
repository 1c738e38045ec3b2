/**
 * The user key and its partition. `partitionOf` is Kafka's default partitioner (murmur2 over UTF-8 bytes, sign bit
 * cleared, modulo), so a producer in any language lands a user where Tributary expects them.
 * Source: org.apache.kafka.common.utils.Utils#murmur2 and #toPositive.
 */

export interface Identified {
  readonly userId?: string | null | undefined;
  readonly anonymousId?: string | null | undefined;
}

/** `userId ?? anonymousId`; a validated event always has one of them. */
export function userKeyOf(event: Identified): string {
  const key = event.userId ?? event.anonymousId;
  if (key === null || key === undefined) throw new TypeError('an event without userId and anonymousId has no user key');
  return key;
}

const encoder = new TextEncoder();
const scratch = new Uint8Array(4096);

export function partitionOf(userKey: string, partitions: number): number {
  return (murmur2(userKey) & 0x7fffffff) % partitions;
}

/** As `partitionOf`, of a user key that lies in the bytes `[from, to)`. */
export function partitionOfBytes(data: Uint8Array, from: number, to: number, partitions: number): number {
  return (murmur2Bytes(data, from, to - from) & 0x7fffffff) % partitions;
}

/** Kafka's murmur2 of the UTF-8 bytes of `text`, as a signed 32-bit integer. */
export function murmur2(text: string): number {
  let bytes = scratch;
  let length = 0;
  const units = text.length;
  if (units * 3 > scratch.length) {
    bytes = encoder.encode(text);
    length = bytes.length;
  } else {
    // ASCII is the common case: copy without the encoder's call overhead.
    for (; length < units; length++) {
      const unit = text.charCodeAt(length);
      if (unit > 0x7f) break;
      scratch[length] = unit;
    }
    if (length < units) length = encoder.encodeInto(text, scratch).written;
  }
  return murmur2Bytes(bytes, 0, length);
}

const M = 0x5bd1e995;

function murmur2Bytes(data: Uint8Array, from: number, length: number): number {
  let h = 0x9747b28c ^ length;
  const words = length >> 2;
  for (let i = 0; i < words; i++) {
    const at = from + (i << 2);
    let k =
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24);
    k = Math.imul(k, M);
    k ^= k >>> 24;
    k = Math.imul(k, M);
    h = Math.imul(h, M) ^ k;
  }
  const tail = from + (words << 2);
  const rest = length & 3;
  if (rest === 3) h ^= (data[tail + 2] as number) << 16;
  if (rest >= 2) h ^= (data[tail + 1] as number) << 8;
  if (rest >= 1) {
    h ^= data[tail] as number;
    h = Math.imul(h, M);
  }
  h ^= h >>> 13;
  h = Math.imul(h, M);
  h ^= h >>> 15;
  return h | 0;
}
