/**
 * Record batches (message format 2), as they lie in Kafka's files and in its replies.
 * Source: org.apache.kafka.common.record.DefaultRecordBatch and DefaultRecord.
 */
import { crc32c } from './crc32c.ts';
import { decompress, UnreadableBatch } from './decompress.ts';

export interface OutgoingMessage {
  readonly key: Buffer | null;
  readonly value: Buffer;
  readonly headers: readonly (readonly [name: Buffer, value: Buffer])[];
}

export interface Batch {
  readonly baseOffset: number;
  readonly lastOffset: number;
  readonly producerId: number;
  readonly isTransactional: boolean;
  readonly isControl: boolean;
  readonly recordCount: number;
  readonly codec: number;
  /** The records, as the codec left them. */
  readonly packed: Buffer;
  readonly baseTimestampMs: number;
  /** The broker's clock, where it stamps the messages of the topic. */
  readonly appendTimeMs: number | null;
}

/** Bytes of a batch before its first record. */
export const BATCH_HEADER = 61;
const AT = { length: 8, magic: 16, crc: 17, attributes: 21, lastOffsetDelta: 23, baseTimestamp: 27, maxTimestamp: 35 };
const AT_PRODUCER = 43;
const AT_RECORDS = 57;
const CODEC = 0x07;
const LOG_APPEND_TIME = 0x08;
const TRANSACTIONAL = 0x10;
const CONTROL = 0x20;

/** The bytes that a message adds to a batch, at most. */
export function messageBytes({ key, value, headers }: OutgoingMessage): number {
  let bytes = 32 + (key?.length ?? 0) + value.length;
  for (const header of headers) bytes += 10 + header[0].length + header[1].length;
  return bytes;
}

/** One uncompressed batch; Kafka keeps all of it or nothing. */
export function encodeBatch(messages: readonly OutgoingMessage[], timestampMs: number): Buffer {
  let size = BATCH_HEADER;
  for (const message of messages) size += messageBytes(message);
  const buffer = Buffer.allocUnsafe(size);
  let at = BATCH_HEADER;
  for (const [index, message] of messages.entries()) at = writeRecord(buffer, at, message, index);
  const batch = buffer.subarray(0, at);
  batch.fill(0, 0, BATCH_HEADER);
  batch.writeInt32BE(at - AT.length - 4, AT.length);
  batch.writeInt32BE(-1, AT.length + 4);
  batch.writeInt8(2, AT.magic);
  batch.writeInt32BE(messages.length - 1, AT.lastOffsetDelta);
  batch.writeBigInt64BE(BigInt(timestampMs), AT.baseTimestamp);
  batch.writeBigInt64BE(BigInt(timestampMs), AT.maxTimestamp);
  // No producer id, epoch, sequence: the batch is not idempotent.
  batch.fill(0xff, AT_PRODUCER, AT_RECORDS);
  batch.writeInt32BE(messages.length, AT_RECORDS);
  batch.writeUInt32BE(crc32c(batch, AT.attributes), AT.crc);
  return batch;
}

function writeRecord(buffer: Buffer, start: number, { key, value, headers }: OutgoingMessage, offsetDelta: number): number {
  let body = 2 + varintSize(offsetDelta) + lengthAndBytes(key) + lengthAndBytes(value) + varintSize(headers.length);
  for (const [name, text] of headers) body += lengthAndBytes(name) + lengthAndBytes(text);
  let at = writeVarint(buffer, start, body);
  // Attributes, timestamp delta.
  buffer[at++] = 0;
  buffer[at++] = 0;
  at = writeVarint(buffer, at, offsetDelta);
  at = writeBytes(buffer, at, key);
  at = writeBytes(buffer, at, value);
  at = writeVarint(buffer, at, headers.length);
  for (const [name, text] of headers) at = writeBytes(buffer, writeBytes(buffer, at, name), text);
  return at;
}

function writeBytes(buffer: Buffer, start: number, bytes: Buffer | null): number {
  const at = writeVarint(buffer, start, bytes === null ? -1 : bytes.length);
  return bytes === null ? at : at + bytes.copy(buffer, at);
}

function lengthAndBytes(bytes: Buffer | null): number {
  return bytes === null ? 1 : varintSize(bytes.length) + bytes.length;
}

/** Zigzag: the sign moves to the lowest bit. */
function writeVarint(buffer: Buffer, start: number, value: number): number {
  let at = start;
  let rest = ((value << 1) ^ (value >> 31)) >>> 0;
  for (; rest > 0x7f; rest >>>= 7) buffer[at++] = (rest & 0x7f) | 0x80;
  buffer[at++] = rest;
  return at;
}

function varintSize(value: number): number {
  const zigzag = ((value << 1) ^ (value >> 31)) >>> 0;
  return zigzag < 0x80 ? 1 : zigzag < 0x4000 ? 2 : zigzag < 0x20_0000 ? 3 : zigzag < 0x1000_0000 ? 4 : 5;
}

/** The whole batches at the head of `data`: a broker cuts its reply anywhere. Throws when a batch is damaged. */
export function* batchesOf(data: Buffer): Generator<Batch> {
  for (let at = 0; at + BATCH_HEADER <= data.length; ) {
    const end = at + AT.length + 4 + data.readInt32BE(at + AT.length);
    if (end > data.length) return;
    yield readBatch(data.subarray(at, end));
    at = end;
  }
}

function readBatch(batch: Buffer): Batch {
  const baseOffset = int64At(batch, 0);
  const magic = batch.readInt8(AT.magic);
  if (magic !== 2) throw new Error(`the batch at offset ${baseOffset} has message format ${magic}, 2 is needed`);
  if (crc32c(batch, AT.attributes) !== batch.readUInt32BE(AT.crc))
    throw new Error(`the batch at offset ${baseOffset} is damaged: its checksum does not match`);
  const attributes = batch.readInt16BE(AT.attributes);
  return {
    baseOffset,
    lastOffset: baseOffset + batch.readInt32BE(AT.lastOffsetDelta),
    producerId: int64At(batch, AT_PRODUCER),
    isTransactional: (attributes & TRANSACTIONAL) !== 0,
    isControl: (attributes & CONTROL) !== 0,
    recordCount: batch.readInt32BE(AT_RECORDS),
    codec: attributes & CODEC,
    packed: batch.subarray(BATCH_HEADER),
    baseTimestampMs: int64At(batch, AT.baseTimestamp),
    appendTimeMs: attributes & LOG_APPEND_TIME ? int64At(batch, AT.maxTimestamp) : null,
  };
}

/** Offsets and ids stay far below 2^53. */
function int64At(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}

/** When the broker took the batch, or its producer began it. */
export function stampOf({ appendTimeMs, baseTimestampMs }: Batch): number {
  return appendTimeMs ?? baseTimestampMs;
}

/** One message in place: ranges of `data`, so that what is not asked for is never copied. A length of -1 is null. */
export interface MessageView {
  data: Buffer;
  offset: number;
  timestampMs: number;
  keyAt: number;
  keyLength: number;
  valueAt: number;
  valueLength: number;
  headerCount: number;
  headersAt: number;
  endsBatch: boolean;
}

/**
 * Calls `visit` for each message of the batch, with the same view each time, until it returns false. Returns the bytes of the
 * records, unpacked. Throws `UnreadableBatch`.
 */
export function visitMessages(batch: Batch, visit: (message: MessageView) => boolean): number {
  const data = decompress(batch.codec, batch.packed);
  const cursor = { data, at: 0 };
  const view: MessageView = {
    data,
    offset: 0,
    timestampMs: 0,
    keyAt: 0,
    keyLength: 0,
    valueAt: 0,
    valueLength: 0,
    headerCount: 0,
    headersAt: 0,
    endsBatch: false,
  };
  let before = batch.baseOffset - 1;
  for (let left = batch.recordCount; left > 0; left--) {
    const length = readVarint(cursor);
    const end = cursor.at + length;
    if (length < 0 || end > data.length) throw new UnreadableBatch('a message is cut');
    cursor.at++;
    view.timestampMs = batch.appendTimeMs ?? batch.baseTimestampMs + readVarint(cursor);
    if (batch.appendTimeMs !== null) readVarint(cursor);
    view.offset = batch.baseOffset + readVarint(cursor);
    view.keyLength = readVarint(cursor);
    view.keyAt = cursor.at;
    cursor.at += Math.max(0, view.keyLength);
    view.valueLength = readVarint(cursor);
    view.valueAt = cursor.at;
    cursor.at += Math.max(0, view.valueLength);
    view.headerCount = readVarint(cursor);
    view.headersAt = cursor.at;
    if (cursor.at > end) throw new UnreadableBatch('a message is longer than it says');
    if (!(view.offset > before && view.offset <= batch.lastOffset)) throw new UnreadableBatch('its offsets are out of order');
    before = view.offset;
    view.endsBatch = left === 1;
    if (!visit(view)) break;
    cursor.at = end;
  }
  return data.length;
}

/** The headers of a message; of several with one name the last. */
export function headersOf({ data, headerCount, headersAt }: MessageView): Map<string, string> {
  const cursor = { data, at: headersAt };
  const headers = new Map<string, string>();
  for (let left = headerCount; left > 0; left--) {
    const name = readText(cursor) ?? '';
    headers.set(name, readText(cursor) ?? '');
  }
  return headers;
}

interface Cursor {
  readonly data: Buffer;
  at: number;
}

function readText(cursor: Cursor): string | null {
  const length = readVarint(cursor);
  if (length < 0) return null;
  cursor.at += length;
  return cursor.data.toString('utf8', cursor.at - length, cursor.at);
}

/** Varint or varlong, zigzag. */
export function readVarint(cursor: Cursor): number {
  const { data } = cursor;
  const first = data[cursor.at++] as number;
  if (first < 0x80) return (first >>> 1) ^ -(first & 1);
  let value = first & 0x7f;
  for (let factor = 0x80; ; factor *= 0x80) {
    const byte = data[cursor.at++];
    if (byte === undefined || factor > 2 ** 63) throw new UnreadableBatch('a number in a message is cut');
    value += (byte & 0x7f) * factor;
    if (byte < 0x80) return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }
}
