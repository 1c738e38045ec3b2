import type { Outcome } from '@tributary/model/reading/json';
import { invalid } from '@tributary/model/refusal';

/** A line of newline-delimited JSON that is not JSON: rejected alone. `message`: what it is instead. */
export class MalformedLine {
  readonly message: string;
  constructor(message: string) {
    this.message = message;
  }
}

/**
 * JSON, or one JSON object a line (NDJSON). Where a key stands twice, the last counts, as ECMAScript says. Lines are counted before
 * they are parsed: a few kilobytes of gzip hold millions, and each bad one costs an error.
 */
export function parseBody(text: string, maxLines: number): Outcome<unknown> {
  if (text.trim() === '') return invalid('invalid_json', { field: 'the body', must: 'be JSON', got: 'nothing' });
  try {
    return { ok: true, value: JSON.parse(text) };
  } catch (error) {
    const lines = linesOf(text, maxLines);
    const first = parseLine(lines[0] ?? '');
    // NDJSON is recognised by a first line that is an object by itself.
    if (lines.length < 2 || first instanceof MalformedLine)
      return invalid('invalid_json', { field: 'the body', must: 'be JSON', got: refusedAs(error) });
    if (lines.length > maxLines)
      return invalid('body_too_large', { field: 'the request', must: `have at most ${maxLines} events`, got: 'more lines' });
    return { ok: true, value: [first, ...lines.slice(1).map(parseLine)] };
  }
}

/** The lines that are not blank, up to one more than allowed. */
function linesOf(text: string, maxLines: number): string[] {
  const lines: string[] = [];
  for (let from = 0; from < text.length && lines.length < maxLines + 1; ) {
    const end = text.indexOf('\n', from);
    const line = text.slice(from, end < 0 ? undefined : end).trim();
    if (line !== '') lines.push(line);
    if (end < 0) break;
    from = end + 1;
  }
  return lines;
}

/** `line`: trimmed. What cannot be an object is refused without asking the parser, whose errors cost 10 µs each. */
function parseLine(line: string): unknown {
  if (!line.startsWith('{') || !line.endsWith('}')) return new MalformedLine('no object from "{" to "}"');
  try {
    return JSON.parse(line);
  } catch (error) {
    return new MalformedLine(refusedAs(error));
  }
}

function refusedAs(error: unknown): string {
  return `what its parser refuses: ${(error as Error).message}`;
}
