/**
 * Where a command writes. Data goes to stdout, everything said to people about it goes to stderr, so that
 * `tributary … | jq` and `tributary … > file` hold data only.
 */

export interface Terminal {
  /** Data, line by line. Resolves when the stream takes more. */
  data(text: string): Promise<void>;
  /** A message for people. */
  say(text: string): void;
  /** Progress: rewritten in place on a terminal, a line every few seconds elsewhere. */
  progress(text: string): void;
  /** Ends the progress line. */
  progressEnd(): void;
  /** Columns that tables may take. */
  readonly width: number;
  /** Columns of the reader's screen; null: not known. */
  readonly screen: number | null;
  readonly bold: (text: string) => string;
  readonly dim: (text: string) => string;
  readonly tone: (tone: Tone, text: string) => string;
}

export type Tone = 'ok' | 'warn' | 'fail';

export interface TextStream {
  write(text: string): boolean;
  once(event: 'drain' | 'close', listener: () => void): unknown;
  off(event: 'drain' | 'close', listener: () => void): unknown;
  readonly isTTY?: boolean | undefined;
  /** The width of a terminal. */
  readonly columns?: number | undefined;
}

/** What fits beside a margin on most screens, where the reader's is not known. */
const DEFAULT_WIDTH = 120;

const PROGRESS_EVERY_MS = { tty: 100, plain: 5_000 } as const;
const TONE_SGR: Readonly<Record<Tone, string>> = { ok: '32', warn: '33', fail: '31' };

export function createTerminal(
  streams: { readonly stdout: TextStream; readonly stderr: TextStream },
  env: Readonly<Record<string, string | undefined>>,
  now: () => number,
): Terminal {
  const { stdout, stderr } = streams;
  // no-color.org: present and not empty turns colour off.
  const colour = stdout.isTTY === true && !env['NO_COLOR'] && env['TERM'] !== 'dumb';
  const sgr = (code: string) => (text: string) => (colour && text !== '' ? `\u001b[${code}m${text}\u001b[0m` : text);
  const inPlace = stderr.isTTY === true;
  const screen = columnsOf(env['COLUMNS']) ?? stdout.columns ?? null;
  let lastProgressMs = now();
  let lineOpen = false;
  const endLine = () => {
    if (lineOpen) stderr.write('\n');
    lineOpen = false;
  };
  return {
    async data(text) {
      if (!stdout.write(`${text}\n`)) await drained(stdout);
    },
    say(text) {
      endLine();
      stderr.write(`${text}\n`);
    },
    progress(text) {
      const at = now();
      if (at - lastProgressMs < (inPlace ? PROGRESS_EVERY_MS.tty : PROGRESS_EVERY_MS.plain)) return;
      lastProgressMs = at;
      stderr.write(inPlace ? `\r\u001b[2K${text}` : `${text}\n`);
      lineOpen = inPlace;
    },
    progressEnd: endLine,
    width: screen ?? DEFAULT_WIDTH,
    screen,
    bold: sgr('1'),
    dim: sgr('2'),
    tone: (tone, text) => sgr(TONE_SGR[tone])(text),
  };
}

/** What the caller says of the screen, as other programs read it; anything else says nothing. */
function columnsOf(text = ''): number | undefined {
  return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
}

/** Also ends when the reader went away: no process waits for ever on a closed pipe. */
function drained(stream: TextStream): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      stream.off('drain', done);
      stream.off('close', done);
      resolve();
    };
    stream.once('drain', done);
    stream.once('close', done);
  });
}
