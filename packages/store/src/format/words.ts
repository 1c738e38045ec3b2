/**
 * Measures as commit.lua takes and stores them. Lua has doubles only: an integer beyond 2^53 goes as three words of 32 bits, the
 * lowest first, the last one signed. 96 bits cannot be passed: an amount is at most 10^12, so that takes 10^16 events in one row.
 */
import { type Integer, integerOf } from '@tributary/model/integer';

type Words = [low: number, middle: number, high: number];

const WORD = 32n;
const BYTES = 12;

export function toJsonMeasure(measure: Integer): number | Words {
  if (typeof measure === 'number') return measure;
  const low = BigInt.asUintN(32, measure);
  const middle = BigInt.asUintN(32, measure >> WORD);
  return [Number(low), Number(middle), Number(measure >> (2n * WORD))];
}

/** null: it is neither a safe integer nor three words. */
export function fromJsonMeasure(value: unknown): Integer | null {
  if (Number.isSafeInteger(value)) return value as number;
  if (!Array.isArray(value) || value.length !== 3) return null;
  const [low, middle, high] = value as readonly unknown[];
  return isWord(low) && isWord(middle) && isSignedWord(high) ? ofWords(low, middle, high) : null;
}

/** The measures of a row as it is stored: see commit.lua. */
export function unpackMeasures(packed: Buffer): Integer[] {
  const measures: Integer[] = [];
  if (packed.length % 2 === 0)
    for (let at = 0; at < packed.length; at += 8) measures.push(packed.readInt32LE(at + 4) * 2 ** 32 + packed.readUInt32LE(at));
  else if (packed[0] === 0) for (let at = 1; at < packed.length; at += 4) measures.push(packed.readInt32LE(at));
  else
    for (let at = 1; at < packed.length; at += BYTES)
      measures.push(ofWords(packed.readUInt32LE(at), packed.readUInt32LE(at + 4), packed.readInt32LE(at + 8)));
  return measures;
}

function ofWords(low: number, middle: number, high: number): Integer {
  return integerOf((((BigInt(high) << WORD) + BigInt(middle)) << WORD) + BigInt(low));
}

function isWord(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= 0 && (value as number) < 2 ** 32;
}

function isSignedWord(value: unknown): value is number {
  return Number.isInteger(value) && (value as number) >= -(2 ** 31) && (value as number) < 2 ** 31;
}
