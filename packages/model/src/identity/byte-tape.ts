/** Numbers, texts and bytes that are written, or read, one after another. A tape does not grow: who writes reserves room before (`bytesOfText`). */

const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });

export interface ByteTape {
  readonly bytes: Uint8Array;
  readonly view: DataView;
  at: number;
}

export function byteTape(bytes: Uint8Array): ByteTape {
  return { bytes, view: new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength), at: 0 };
}

export function writeNumber(tape: ByteTape, number: number): void {
  tape.view.setFloat64(tape.at, number);
  tape.at += 8;
}

export function readNumber(tape: ByteTape): number {
  const number = tape.view.getFloat64(tape.at);
  tape.at += 8;
  return number;
}

/** Room for it, whatever is in it. */
export function bytesOfText(text: string): number {
  return 4 + 3 * text.length;
}

export function writeText(tape: ByteTape, text: string): void {
  const { written } = encoder.encodeInto(text, tape.bytes.subarray(tape.at + 4));
  tape.view.setUint32(tape.at, written);
  tape.at += 4 + written;
}

export function readText(tape: ByteTape): string {
  const length = tape.view.getUint32(tape.at);
  tape.at += 4;
  return decoder.decode(readBytes(tape, length));
}

export function writeBytes(tape: ByteTape, bytes: Uint8Array): void {
  tape.bytes.set(bytes, tape.at);
  tape.at += bytes.length;
}

/** As they lie there. */
export function readBytes(tape: ByteTape, length: number): Uint8Array {
  tape.at += length;
  return tape.bytes.subarray(tape.at - length, tape.at);
}
