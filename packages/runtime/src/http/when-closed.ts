/** Work for the end of an answer: when its last byte was handed to the kernel, or its connection broke. */
import type { ServerResponse } from 'node:http';

interface Watched extends ServerResponse {
  [WORK]?: (() => void)[];
}

const WORK = Symbol('work at the end of the answer');

/** Calls `work` exactly once, in the order of these calls. One listener for all: each of several costs as much as the work. */
export function whenClosed(response: ServerResponse, work: () => void): void {
  const watched: Watched = response;
  const before = watched[WORK];
  if (before !== undefined) before.push(work);
  else {
    watched[WORK] = [work];
    // Node emits `close` exactly once for every answer, also for those whose client went away.
    watched.on('close', closed);
  }
}

function closed(this: Watched): void {
  for (const work of this[WORK] ?? []) work();
}
