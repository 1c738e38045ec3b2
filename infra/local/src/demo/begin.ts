/** Demo data goes only where a folder began with it: among other events it could not be found again, nor taken out. */
import { existsSync, mkdirSync, writeFileSync } from 'node:fs';
import { TributaryError } from '@tributary/model/errors';
import { dataPath } from '@tributary/runtime/data-folder/paths';
import { isUsed } from '../used-folder.ts';
import { DEMO_DEFINITIONS } from './shop.ts';
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
  // First, as a folder whose demo began without it counts no pages, and sends none.
  writeFileSync(definitionsOfDemo(path), `${JSON.stringify(DEMO_DEFINITIONS, null, 2)}\n`, { mode: 0o600 });
  writeDemoState(path, newDemo(nowMs));
}

/** Whether visitors of this folder's demo report what they do on pages: those of an earlier version did not, and their history stays as it was. */
export function hasPages(dataDir: string): boolean {
  return existsSync(definitionsOfDemo(dataDir));
}

/** Which definitions the roles get; nothing where the operator named some, or the folder has none. */
export function definitionsEnvironment(dataDir: string, env: Readonly<Record<string, string | undefined>>) {
  const isNamed = (env['TRIBUTARY_DEFINITIONS_FILE'] ?? '').trim() !== '';
  return isNamed || !hasPages(dataDir) ? {} : { TRIBUTARY_DEFINITIONS_FILE: definitionsOfDemo(dataDir) };
}

const definitionsOfDemo = (dataDir: string) => dataPath(dataDir, 'demoDefinitions');
