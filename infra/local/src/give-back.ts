import { flushCompileCache } from 'node:module';
import v8 from 'node:v8';
import vm from 'node:vm';
import { forgetStart } from '@tributary/runtime/process/forget-start';

/** npm's script starts the supervisor without the flag that roles have. A third of what it holds is left from its start, and from the demo's. */
export function giveBack(): void {
  v8.setFlagsFromString('--expose-gc');
  globalThis.gc = vm.runInNewContext('gc');
  // What Node compiled is kept, also if this is killed.
  flushCompileCache();
  forgetStart();
}
