/** Kafka's wire encoding of its "flexible" versions (KIP-482): big endian, compact lengths, tagged fields. */

export type Uuid = string;

export interface ByteWriter {
  int8(value: number): ByteWriter;
  int16(value: number): ByteWriter;
  int32(value: number): ByteWriter;
  /** From -1 to 2^53 - 1. */
  int64(value: number): ByteWriter;
  uuid(value: Uuid): ByteWriter;
  /** Compact nullable string. */
  text(value: string | null): ByteWriter;
  /** Compact bytes. */
  bytes(value: Buffer): ByteWriter;
  /** Compact array; every item ends its own tagged fields. */
  list<T>(items: readonly T[], write: (item: T) => unknown): ByteWriter;
  noTags(): ByteWriter;
  done(): Buffer;
}

export function byteWriter(): ByteWriter {
  const parts: Buffer[] = [];
  const fixed = (size: number, write: (buffer: Buffer) => unknown) => {
    const buffer = Buffer.allocUnsafe(size);
    write(buffer);
    parts.push(buffer);
    return writer;
  };
  const uvarint = (value: number) => {
    let rest = value;
    const bytes: number[] = [];
    for (; rest > 0x7f; rest >>>= 7) bytes.push((rest & 0x7f) | 0x80);
    bytes.push(rest);
    parts.push(Buffer.from(bytes));
  };
  const writer: ByteWriter = {
    int8: (value) => fixed(1, (buffer) => buffer.writeInt8(value)),
    int16: (value) => fixed(2, (buffer) => buffer.writeInt16BE(value)),
    int32: (value) => fixed(4, (buffer) => buffer.writeInt32BE(value)),
    int64: (value) => fixed(8, (buffer) => buffer.writeBigInt64BE(BigInt(value))),
    uuid(value) {
      parts.push(Buffer.from(value, 'hex'));
      return writer;
    },
    text(value) {
      if (value === null) return fixed(1, (buffer) => buffer.writeInt8(0));
      return writer.bytes(Buffer.from(value));
    },
    bytes(value) {
      uvarint(value.length + 1);
      parts.push(value);
      return writer;
    },
    list(items, write) {
      uvarint(items.length + 1);
      for (const item of items) write(item);
      return writer;
    },
    noTags: () => fixed(1, (buffer) => buffer.writeInt8(0)),
    done: () => Buffer.concat(parts),
  };
  return writer;
}

export interface ByteReader {
  int8(): number;
  int16(): number;
  int32(): number;
  int64(): number;
  uuid(): Uuid;
  text(): string | null;
  bytes(): Buffer | null;
  list<T>(read: () => T): T[];
  skipTags(): void;
}

/** Reads past the end throw RangeError. */
export function byteReader(buffer: Buffer): ByteReader {
  let at = 0;
  const step = (size: number) => {
    at += size;
    return at - size;
  };
  const uvarint = () => {
    let value = 0;
    for (let shift = 0; ; shift += 7) {
      const byte = buffer.readUInt8(step(1));
      value += (byte & 0x7f) * 2 ** shift;
      if (byte < 0x80) return value;
    }
  };
  const reader: ByteReader = {
    int8: () => buffer.readInt8(step(1)),
    int16: () => buffer.readInt16BE(step(2)),
    int32: () => buffer.readInt32BE(step(4)),
    int64: () => int64At(buffer, step(8)),
    uuid: () => buffer.toString('hex', at, step(16) + 16),
    text: () => reader.bytes()?.toString() ?? null,
    bytes() {
      const size = uvarint() - 1;
      if (size < 0) return null;
      if (at + size > buffer.length) throw new RangeError(`a field of ${size} bytes goes past the end of the reply`);
      return buffer.subarray(at, step(size) + size);
    },
    list(read) {
      const items = [];
      for (let left = uvarint() - 1; left > 0; left--) items.push(read());
      return items;
    },
    skipTags() {
      for (let left = uvarint(); left > 0; left--) {
        uvarint();
        step(uvarint());
      }
    },
  };
  return reader;
}

/** Offsets and ids stay far below 2^53. */
export function int64At(buffer: Buffer, at: number): number {
  return buffer.readInt32BE(at) * 0x1_0000_0000 + buffer.readUInt32BE(at + 4);
}
