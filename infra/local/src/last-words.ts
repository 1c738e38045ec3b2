/**
 * Why a role ended, as one sentence out of its log: its last fatal or error line, else what it wrote last as plain text. A log
 * has lines of JSON (pino), lines of Redis, and what Node or a wrong setting write before either logs.
 */
import { tailOf } from './log-file.ts';

/** A fatal line carries a stack, and Node's last words on a defect many lines. */
const TAIL_BYTES = 64 * 1024;
const LONGEST = 600;
/** pino's levels. */
const ERROR = 50;

/** Undefined when the log is empty, or reports no trouble. */
export function lastWords(logFile: string): string | undefined {
  const lines = (tailOf(logFile, TAIL_BYTES) || tailOf(`${logFile}.1`, TAIL_BYTES))
    .split('\n')
    .filter((line) => line.trim() !== '');
  const trouble = lines
    .map((line, i) => ofJson(line) ?? ofNode(line) ?? ofRedis(line, lines[i - 1]))
    .findLast((found) => found !== undefined);
  const words = trouble ?? plainEnd(lines);
  return words?.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, LONGEST);
}

interface PinoLine {
  readonly level?: number;
  readonly msg?: string;
  readonly fix?: string;
  readonly cause?: string;
  readonly err?: { readonly message?: string };
}

function ofJson(line: string): string | undefined {
  const { level = 0, msg = '', cause = '', err, fix } = pinoLine(line) ?? {};
  if (level < ERROR) return undefined;
  const why = err?.message === undefined || msg.includes(err.message) ? cause : err.message;
  return sentence([msg, why].filter(Boolean).join(': '), fix);
}

function pinoLine(line: string): PinoLine | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as PinoLine;
  } catch {
    return undefined;
  }
}

/**
 * `123:M 22 Nov 2026 18:00:00.000 # Can't open the append-only file`: `#` marks trouble, advice about the machine, and the end. What it
 * cannot go on after stands in the line before.
 */
function ofRedis(line: string, before = ''): string | undefined {
  const text = troubleOfRedis(line);
  if (text === undefined) return undefined;
  const cause = text.startsWith("Can't recover") ? troubleOfRedis(before) : undefined;
  const words = cause === undefined ? text : `${sentence(cause)} ${text}`;
  return sentence(words, /No space left|quota exceeded/.test(words) ? 'Free space on its disk.' : '');
}

function troubleOfRedis(line: string): string | undefined {
  const text = /^\d+:[A-Z] .{20,26} # (.*)$/.exec(line)?.[1];
  return text === undefined || /^WARNING|ready to exit/.test(text) ? undefined : text;
}

/** An uncaught error, `Error: what` before its stack, or the end of the memory. */
function ofNode(line: string): string | undefined {
  return /^(?:FATAL ERROR|(?:Uncaught )?[A-Za-z]*Error(?: \[\w+\])?): /.test(line) ? sentence(line) : undefined;
}

/** A wrong setting takes two lines, what is wrong and the fix; from Redis three. */
function plainEnd(lines: readonly string[]): string | undefined {
  const plain = lines.filter((line) => pinoLine(line) === undefined && !/^\d+:[A-Z] /.test(line));
  return plain.length === 0 ? undefined : plain.slice(-3).join(' ');
}

function sentence(text: string, fix = ''): string {
  const ended = /[.!?]$/.test(text) ? text : `${text}.`;
  return `${ended} ${fix}`.trimEnd();
}
