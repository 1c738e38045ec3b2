/** JSON whose integers keep all their digits: a bigint is written as the number it is, and read back as one. */
import { integerOf } from './integer.ts';

/** As JSON.stringify. A replacer would slow down every answer, so it is used for those alone that hold a bigint. */
export function exactJson(value: unknown, indent?: number): string {
  try {
    return JSON.stringify(value, null, indent);
  } catch {
    return JSON.stringify(value, withDigits, indent);
  }
}

/** As JSON.parse, with a bigint for each integer beyond ±(2^53 − 1). Throws SyntaxError. */
export function parseExactJson(text: string): unknown {
  // The source of a value is known to newer engines than the compiler's library describes.
  return JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown) as unknown;
}

function withDigits(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? rawJson(String(value)) : value;
}

function exactNumber(_key: string, value: unknown, context: { readonly source: string }): unknown {
  const isWide = typeof value === 'number' && !Number.isSafeInteger(value) && /^-?\d+$/.test(context.source);
  return isWide ? integerOf(BigInt(context.source)) : value;
}

const { rawJSON: rawJson } = JSON as unknown as { rawJSON(text: string): unknown };
