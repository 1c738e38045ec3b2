/**
 * Where log lines go: a descriptor, one write a line, and no second try. A line that cannot be written (a full disk, a
 * reader that stands still) is counted and dropped: no role may wait for its log. pino's own destination retries a failed
 * flush for ever, with the process asleep in between (sonic-boom 5, flushSync).
 */
import { fstatSync, writeSync } from 'node:fs';

export interface LogDestination {
  write(line: string): void;
  /** Lines that were not written, or not whole, since the start. */
  dropped(): number;
}

/** `lineFor` makes the line that counts lines dropped, once there is room again. */
export function logDestination(
  descriptor: number,
  lineFor: (dropped: number) => string,
  write: (descriptor: number, bytes: Uint8Array) => number = writeSync,
): LogDestination {
  // Node makes pipes and sockets non-blocking when it opens its stream on them: a reader that stands still is EAGAIN.
  if (descriptor === 1 && !isFile(descriptor)) void process.stdout;
  let dropped = 0;
  let reported = 0;
  let isTorn = false;

  /** False when the line is not whole in the log. */
  function put(line: string): boolean {
    const bytes = Buffer.from(isTorn ? `\n${line}` : line);
    try {
      const written = write(descriptor, bytes);
      isTorn = written < bytes.length && (isTorn || written > 0);
      return written === bytes.length;
    } catch {
      return false;
    }
  }

  return {
    write(line) {
      if (dropped > reported) {
        const before = dropped;
        if (put(lineFor(dropped - reported))) reported = before;
      }
      if (!put(line)) dropped++;
    },
    dropped: () => dropped,
  };
}

function isFile(descriptor: number): boolean {
  try {
    return fstatSync(descriptor).isFile();
  } catch {
    return true;
  }
}
