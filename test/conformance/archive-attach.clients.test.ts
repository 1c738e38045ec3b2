/** The part of `archive attach --for pandas` that needs nothing but Python: which files it reads, beside what our readers take. */
import { execFile } from 'node:child_process';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { mergeBlock } from '@tributary/archive/blocks';
import { BLOCK_SEGMENTS } from '@tributary/archive/segments';
import { expect, test } from 'vitest';
import { attachText } from '../../packages/cli/src/report/attach.ts';
import { createRig, someEvents, withSession } from '../faults/archiver-rig.ts';

const run = promisify(execFile);

test('Python reads the files that our readers take, while segments are merged', async () => {
  const rig = await createRig(2);
  try {
    const archiver = await rig.start();
    for (let i = 0; i <= BLOCK_SEGMENTS; i++) {
      await rig.append(someEvents(4, i * 4));
      await rig.barrier(i + 1);
      await archiver.turn();
    }
    await withSession((session) =>
      mergeBlock(session, rig.dataDir, { partition: 0, first: 0 }, 'b1', join(rig.dataDir, 'staging/b1')),
    );
    const taken = [...(await rig.segments(0)), ...(await rig.segments(1))].flatMap(({ files }) => files.map(({ path }) => path));
    for (const engine of ['pandas', 'spark'] as const) {
      const [alone = ''] = attachText(engine, rig.dataDir).split(/\nimport pyarrow|\nfrom pyspark/);
      const { stdout } = await run('python3', ['-c', `${alone}\nprint(json.dumps(files))`]);
      expect((JSON.parse(stdout) as string[]).sort()).toEqual(taken.map((path) => join(rig.dataDir, path)).sort());
    }
  } finally {
    await rig.close();
  }
});
