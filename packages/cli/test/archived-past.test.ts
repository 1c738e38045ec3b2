/** Commands that read the archive by themselves, without a store that knows what is in flight between keys. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { createGeneration, writeGeneration } from '@tributary/archive/generations';
import { publish } from '@tributary/archive/publications';
import { definitionsOf } from '@tributary/testkit/inputs/generate-definitions';
import { JOINED } from '@tributary/testkit/inputs/joined-keys';
import { pendingGeneration } from '@tributary/testkit/inputs/pending-generation';
import { expect, test } from 'vitest';
import type { Context } from '../src/context.ts';
import { pastOfCommand } from '../src/history/archived-past.ts';
import { temporaryFolder } from './temporary.ts';

async function saidOf(definitions: typeof JOINED): Promise<string[]> {
  const dataDir = temporaryFolder('past');
  const manifest = await createGeneration(dataDir, pendingGeneration(definitions));
  await writeGeneration(dataDir, { ...manifest, state: 'computed', computedAt: 2, cut: ['1'], lastSegment: [-1] });
  await publish(dataDir, 0, { generation: 1, action: 'publish', held: false, at: 3, by: 'ana' });
  const said: string[] = [];
  const terminal = { say: (text: string) => said.push(text), progress: () => {} };
  const { signal } = new AbortController();
  const past = () => pastOfCommand({ settings: { dataDir }, shell: { signal }, terminal } as unknown as Context);
  await past();
  await writeFile(join(dataDir, 'generations', '000001', 'reconciliation.json'), '{"inFlight":["two keys are apart"]}');
  await past();
  return said;
}

test('law 7: a command that reads the archive says what its generation lacks of joined keys, or that it is not known', async () => {
  expect(await saidOf(JOINED)).toEqual([
    expect.stringMatching(/^values may lack events: it is not known/),
    'values may lack events: two keys are apart',
  ]);
  expect(await saidOf(definitionsOf({}))).toEqual([]);
});
