/** JSON whose integers keep their digits: those beyond ±(2^53 − 1) come as bigints. */
import { localProblem } from './problem.ts';

/** No integer of fewer digits is beyond 2^53, and a reviver costs several times the parsing. */
const LONG_NUMBER = /\d{16}/;

/** Throws SyntaxError, and a problem where the engine would round an integer (Node before 21). */
export function parseAnswer(text: string): unknown {
  // The source of a value is known to newer engines than the compiler's library describes.
  return LONG_NUMBER.test(text) ? JSON.parse(text, exactNumber as (key: string, value: unknown) => unknown) : JSON.parse(text);
}

function exactNumber(_key: string, value: unknown, context?: { readonly source: string }): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value) || Number.isSafeInteger(value)) return value;
  if (context === undefined)
    throw localProblem(
      'inexact_number',
      `the answer has an integer beyond 2^53 (about ${value}), which this engine would round`,
      'Use Node 21 or later, or a browser of 2024 or later.',
    );
  return /^-?\d+$/.test(context.source) ? BigInt(context.source) : value;
}
