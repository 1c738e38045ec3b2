import type { Outcome } from '@tributary/model/json';
import { invalid } from '@tributary/model/validate-event';

/** A line of newline-delimited JSON that is not JSON: rejected alone. */
export class MalformedLine {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/** JSON, or one JSON object a line (NDJSON). Of duplicate keys the last counts, as ECMAScript says. */
export function parseBody(text: string): Outcome<unknown> {
  if (text.trim() === '') return invalid('invalid_json', 'the body is empty');
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const lines = parseLines(text);
    if (lines !== undefined) return { ok: true, value: lines };
    return invalid('invalid_json', `the body is not JSON: ${(error as Error).message}`);
  }
}

/** NDJSON is recognised by a first line that is an object by itself; undefined when the body is none. */
function parseLines(text: string): unknown[] | undefined {
  const lines = text.split('\n').filter((line) => line.trim() !== '');
  if (lines.length < 2 || !lines[0]?.trimStart().startsWith('{')) return undefined;
  const [first, ...rest] = lines.map(parseLine);
  return first instanceof MalformedLine ? undefined : [first, ...rest];
}

function parseLine(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch (error) {
    return new MalformedLine((error as Error).message);
  }
}
