/**
 * What a start leaves behind: sources that were parsed, code that ran once, pages of a heap that was larger. It is a sixth of an idle
 * role, and V8 gives it back when it collects the whole heap for want of memory, which an idle process does not do.
 */
import { flushCompileCache } from 'node:module';

/** A larger heap is a state that was loaded, and to collect it takes longer than it is worth. */
const MOST_HEAP_BYTES = 64 * 1024 * 1024;

/**
 * Collects the whole heap, where Node was started with `--expose-gc`: 50 to 110 ms, so before a role is given work. What Node compiled
 * is written first: Node does so at a clean end only, and a role that was killed would compile everything again.
 */
export function forgetStart(): void {
  flushCompileCache();
  if (process.memoryUsage().heapUsed <= MOST_HEAP_BYTES) globalThis.gc?.({ type: 'major', flavor: 'last-resort' });
}
