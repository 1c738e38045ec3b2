/** How far the demo of a data folder has come: a second start goes on from there. */
import { readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dataPath } from '@tributary/runtime/data-folder/paths';

export interface DemoState {
  readonly seed: number;
  /** End of the generated history, epoch ms, exclusive. */
  readonly toMs: number;
  /** Events of the history that the collector has acknowledged, from the first on. */
  readonly sent: number;
  readonly isLoaded: boolean;
  /** The generation over the history was published. */
  readonly isComputed: boolean;
}

const SEED = 20_261_121;

export function newDemo(nowMs: number): DemoState {
  return { seed: SEED, toMs: nowMs, sent: 0, isLoaded: false, isComputed: false };
}

const fileOf = (dataDir: string) => dataPath(dataDir, 'demo');

export function readDemoState(dataDir: string): DemoState | null {
  try {
    return JSON.parse(readFileSync(fileOf(dataDir), 'utf8')) as DemoState;
  } catch {
    return null;
  }
}

export function writeDemoState(dataDir: string, state: DemoState): void {
  const staged = `${fileOf(dataDir)}.new`;
  writeFileSync(staged, `${JSON.stringify(state)}\n`, { mode: 0o600 });
  renameSync(staged, fileOf(dataDir));
}
