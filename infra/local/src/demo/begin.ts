/** Demo data goes only where a folder began with it: among other events it could not be found again, nor taken out. */
import { existsSync, mkdirSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { isUsed } from '../used-folder.ts';
import { newDemo, readDemoState, writeDemoState } from './state.ts';

/** Before anything starts. Notes in a new folder that it has the demo; throws `invalid_config` in one that has data without it. */
export function beginDemo({ name, path }: { readonly name: string; readonly path: string }, nowMs: number): void {
  if (readDemoState(path) !== null) return;
  if (isUsed(path)) {
    const must = 'a new folder, or one that began with the demo, where --no-demo is not given';
    throw new TributaryError(
      'invalid_config',
      `${name} must be ${must} (got "${path}", which has data without it). Write npm start -- --no-demo to go on with that data, or name another folder for the demo.`,
    );
  }
  if (!existsSync(path)) mkdirSync(path, { recursive: true, mode: 0o700 });
  writeDemoState(path, newDemo(nowMs));
}
