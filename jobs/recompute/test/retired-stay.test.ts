/** What retention took out of manifests stays for whom the list of before serves, also where an archiver starts. */
import { retireEvents } from '@tributary/archive/retention/retire-events';
import { readRetired } from '@tributary/archive/retention/retired';
import { sweepOrphans } from '@tributary/archiver/sweep';
import { HOUR_MS } from '@tributary/model/time';
import { afterEach, expect, test } from 'vitest';
import { DEFINITIONS, generated, longAgo, nowBehind } from './old-and-young.ts';
import { askToRetire } from './operator-retirements.ts';
import { createWorld, type World } from './world.ts';

let world: World;
afterEach(() => world.close());

for (const killed of [false, true])
  test(`law 7: an archiver that starts leaves what retention took out until the next run${killed ? ', killed in between' : ''}`, async () => {
    world = await createWorld(DEFINITIONS);
    const young = generated(4);
    world.advance(nowBehind(young));
    for (const events of [longAgo(generated(3)), young.slice(0, 20), young.slice(20)]) {
      await world.ingest(events);
      await world.turn();
      await world.run();
    }
    for (const _ of [1, 2]) await world.run({ mode: 'full' });
    expect(await askToRetire(world, DEFINITIONS)).toMatch(/^1: \d+ rows$/);
    const reached = (step: string) => {
      if (killed && step === 'named') throw new Error('killed');
    };
    const pass = retireEvents({ dataDir: world.dataDir, nowMs: world.memory.nowMs(), reached });
    await (killed ? expect(pass).rejects.toThrow('killed') : pass);
    const { replaced = [], replacing = [] } = (await readRetired(world.dataDir)) ?? {};
    expect([replaced.length > 0, replacing.length > 0]).toEqual([!killed, killed]);
    expect(await sweepOrphans(world.dataDir, Date.now() + 2 * HOUR_MS)).toEqual([]);
  });
