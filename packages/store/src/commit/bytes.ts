import type { Integer } from '@tributary/model/integer';
import { giveBack, takeFree } from '../redis/free-buffers.ts';

/** There is always room for as many bytes more: what a row has between its parts. */
export const FRAME = 8;

const [BACKSLASH, LETTER_T, ZERO, TAB] = [0x5c, 0x74, 0x30, 0x09];

/** An argument as bytes, which grow as they are written. */
export class Bytes {
  #data = takeFree();
  length = 0;

  /** What is written so far, and room for more: as long as no more room is asked for. */
  get data(): Buffer {
    return this.#data;
  }

  /** For as many bytes more. */
  room(more: number): void {
    const whole = this.length + more + FRAME;
    if (whole <= this.#data.length) return;
    const data = takeFree(Math.max(2 * this.#data.length, whole));
    this.#data.copy(data, 0, 0, this.length);
    giveBack(this.#data);
    this.#data = data;
  }

  text(text: string): void {
    // A UTF-16 unit has three bytes at most.
    this.room(3 * text.length);
    this.length += this.#data.write(text, this.length);
  }

  again(from: number, count: number): void {
    this.room(count);
    const data = this.#data;
    let at = this.length;
    for (let i = from; i < from + count; i++) data[at++] = data[i] as number;
    this.length = at;
  }

  byte(byte: number): void {
    this.#data[this.length++] = byte;
  }

  /** The highest byte first. */
  uint16(value: number, at = this.length): void {
    this.#data.writeUInt16BE(value, at);
    this.length = Math.max(this.length, at + 2);
  }

  int32(value: number): void {
    const data = this.#data;
    const at = this.length;
    data[at] = value >> 24;
    data[at + 1] = value >> 16;
    data[at + 2] = value >> 8;
    data[at + 3] = value;
    this.length = at + 4;
  }

  /** Numbers of 32 bits, of each the lowest byte first. */
  int32sReversed(values: ArrayLike<Integer>, from: number, to: number): void {
    const data = this.#data;
    let at = this.length;
    for (let i = from; i < to; i++) {
      const value = values[i] as number;
      data[at] = value;
      data[at + 1] = value >> 8;
      data[at + 2] = value >> 16;
      data[at + 3] = value >> 24;
      at += 4;
    }
    this.length = at;
  }

  /** As JSON: ASCII, of which tabs alone are written otherwise. */
  tail(text: string): void {
    const data = this.#data;
    let at = this.length;
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code === TAB) {
        data[at++] = BACKSLASH;
        data[at++] = LETTER_T;
      } else data[at++] = code;
    }
    this.length = at;
  }

  /** A safe integer that is not negative. */
  number(value: number): void {
    let digits = 1;
    for (let rest = value; rest > 9; rest = Math.floor(rest / 10)) digits++;
    let rest = value;
    for (let i = this.length + digits - 1; i >= this.length; i--) {
      this.#data[i] = ZERO + (rest % 10);
      rest = Math.floor(rest / 10);
    }
    this.length += digits;
  }

  written(): Buffer {
    return this.#data.subarray(0, this.length);
  }
}

/** Texts of which each is made bytes once: where one comes again, they are copied from there. Their numbers first come in order, without gaps. */
export class Written {
  readonly #texts: readonly string[];
  readonly #form: (text: string) => string;
  readonly #from: number[] = [];
  readonly #length: number[] = [];

  constructor(texts: readonly string[], form = (text: string) => text) {
    this.#texts = texts;
    this.#form = form;
  }

  write(bytes: Bytes, number: number): void {
    const from = this.#from[number];
    if (from !== undefined) {
      bytes.again(from, this.#length[number] as number);
      return;
    }
    const start = bytes.length;
    bytes.text(this.#form(this.#texts[number] as string));
    this.#from[number] = start;
    this.#length[number] = bytes.length - start;
  }
}
