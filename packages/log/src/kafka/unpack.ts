/** The two codecs of Kafka producers that Node lacks. Both copy literals and repeat what was written before. */

/** What is unpacked, growing, bounded. */
interface Output {
  bytes: Buffer;
  length: number;
  readonly max: number;
}

/** LZ4 frames (https://github.com/lz4/lz4/blob/dev/doc/lz4_Frame_format.md). Throws RangeError when they are damaged. */
export function unpackLz4(data: Buffer, maxBytes: number): Buffer {
  const MAGIC = 0x184d2204;
  const out = outputOf(data.length * 4, maxBytes);
  if (data.readUInt32LE(0) !== MAGIC) throw new RangeError('the batch is not an LZ4 frame');
  const flags = data.readUInt8(4);
  const hasBlockChecksum = (flags & 0x10) !== 0;
  // Flags, block descriptor; content size and dictionary where the flags say so; the header's checksum.
  let at = 6 + (flags & 0x08 ? 8 : 0) + (flags & 0x01 ? 4 : 0) + 1;
  for (;;) {
    const size = data.readUInt32LE(at);
    at += 4;
    if (size === 0) return out.bytes.subarray(0, out.length);
    const isStored = size >= 0x8000_0000;
    const end = at + (isStored ? size - 0x8000_0000 : size);
    if (end > data.length) throw new RangeError('an LZ4 block is cut');
    if (isStored) copy(out, data, at, end);
    else unpackLz4Block(out, data, at, end);
    at = end + (hasBlockChecksum ? 4 : 0);
  }
}

function unpackLz4Block(out: Output, data: Buffer, start: number, end: number): void {
  let at = start;
  const extended = (nibble: number): number => {
    let length = nibble;
    if (nibble === 15)
      for (let more = 255; more === 255; ) {
        more = data.readUInt8(at++);
        length += more;
      }
    return length;
  };
  while (at < end) {
    const token = data.readUInt8(at++);
    const literals = extended(token >> 4);
    if (at + literals > end) throw new RangeError('an LZ4 block is cut');
    copy(out, data, at, at + literals);
    at += literals;
    // The last sequence is literals only.
    if (at >= end) return;
    const distance = data.readUInt16LE(at);
    at += 2;
    repeat(out, distance, extended(token & 0x0f) + 4);
  }
}

const XERIAL = Buffer.from([0x82, 0x53, 0x4e, 0x41, 0x50, 0x50, 0x59, 0x00]);

/** Snappy, bare or in the chunks of snappy-java (https://github.com/google/snappy/blob/main/format_description.txt). */
export function unpackSnappy(data: Buffer, maxBytes: number): Buffer {
  const out = outputOf(data.length * 4, maxBytes);
  if (!data.subarray(0, XERIAL.length).equals(XERIAL)) {
    unpackSnappyBlock(out, data);
    return out.bytes.subarray(0, out.length);
  }
  // Behind the magic number come two versions.
  for (let at = XERIAL.length + 8; at < data.length; ) {
    const size = data.readUInt32BE(at);
    if (at + 4 + size > data.length) throw new RangeError('a snappy chunk is cut');
    unpackSnappyBlock(out, data.subarray(at + 4, at + 4 + size));
    at += 4 + size;
  }
  return out.bytes.subarray(0, out.length);
}

function unpackSnappyBlock(out: Output, data: Buffer): void {
  let at = 0;
  // The length of what is unpacked, which the output needs not know.
  while (data.readUInt8(at++) > 0x7f);
  // A chunk repeats what itself wrote only.
  const begin = out.length;
  while (at < data.length) {
    const tag = data.readUInt8(at++);
    const upper = tag >> 2;
    if ((tag & 3) === 0) {
      let length = upper + 1;
      if (upper >= 60) {
        const size = upper - 59;
        length = data.readUIntLE(at, size) + 1;
        at += size;
      }
      if (at + length > data.length) throw new RangeError('a snappy literal is cut');
      copy(out, data, at, at + length);
      at += length;
      continue;
    }
    const size = [0, 1, 2, 4][tag & 3] as number;
    const low = data.readUIntLE(at, size);
    at += size;
    const isShort = (tag & 3) === 1;
    const distance = isShort ? (upper >> 3) * 256 + low : low;
    if (distance > out.length - begin) throw new RangeError('a snappy copy reaches before its chunk');
    repeat(out, distance, isShort ? (upper & 7) + 4 : upper + 1);
  }
}

function outputOf(guess: number, max: number): Output {
  return { bytes: Buffer.allocUnsafe(Math.min(Math.max(guess, 1024), max)), length: 0, max };
}

function reserve(out: Output, more: number): void {
  const needed = out.length + more;
  if (needed > out.max) throw new RangeError(`a batch unpacks to more than ${out.max} bytes`);
  if (needed <= out.bytes.length) return;
  const grown = Buffer.allocUnsafe(Math.min(out.max, Math.max(needed, out.bytes.length * 2)));
  out.bytes.copy(grown, 0, 0, out.length);
  out.bytes = grown;
}

function copy(out: Output, data: Buffer, from: number, to: number): void {
  reserve(out, to - from);
  data.copy(out.bytes, out.length, from, to);
  out.length += to - from;
}

/** May overlap itself: then it repeats a pattern. */
function repeat(out: Output, distance: number, length: number): void {
  if (distance === 0 || distance > out.length) throw new RangeError('a packed batch repeats what is not there');
  reserve(out, length);
  const { bytes } = out;
  if (distance >= length) bytes.copyWithin(out.length, out.length - distance, out.length - distance + length);
  else for (let i = 0; i < length; i++) bytes[out.length + i] = bytes[out.length + i - distance] as number;
  out.length += length;
}
