/** The start of a run: its generation, durable before anything refers to it. What it will be is decided in draft.ts. */
import { createGeneration, listGenerations, readGeneration, writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import { highestGeneration } from '../numbers.ts';
import type { RunPorts } from '../ports.ts';
import { isHeldBack, waitsSince } from '../publish/publication.ts';
import type { Begun, Run } from '../run.ts';
import { demandUsable, draftOf, isFinished } from './draft.ts';
import { readPublished } from './published.ts';

export interface Beginning {
  readonly begun: Begun;
  readonly manifest: GenerationManifest;
}

/** Goes on with the generation of an earlier attempt, or makes a new one; unfinished ones of other runs are superseded. */
export async function begin(run: Run, ports: RunPorts): Promise<Beginning> {
  const { dataDir, log, parseDefinitions: parse } = ports;
  if (run.begun !== null)
    return { begun: run.begun, manifest: demandUsable(await readGeneration(dataDir, run.begun.generation)) };
  await supersedeUnfinished(ports);
  const published = await readPublished(ports);
  const { publication } = published;
  const file = await ports.configuredDefinitions();
  const isHeld = isHeldBack(run, publication, await waitsSince(run, ports), ports.now());
  const draft = draftOf({ run, published, file, isHeld, parse, partitions: log.partitions, now: ports.now() });
  const above = Math.max(publication?.generation ?? 0, await highestGeneration(ports));
  const manifest = await createGeneration(dataDir, draft, above);
  await ports.reached('created', manifest.generation);
  const begun = { generation: manifest.generation, sequence: publication?.sequence ?? 0 };
  await run.remember(begun);
  await ports.reached('remembered', manifest.generation);
  return { begun, manifest };
}

/** Only what came after the newest finished one can be unfinished: every run before did the same. */
async function supersedeUnfinished(ports: RunPorts): Promise<void> {
  for (const generation of (await listGenerations(ports.dataDir)).reverse()) {
    const manifest = await readGeneration(ports.dataDir, generation);
    if (isFinished(manifest)) return;
    if (manifest.state !== 'pending') continue;
    await writeGeneration(ports.dataDir, { ...manifest, state: 'superseded' });
    ports.note('superseded an unfinished generation', { generation });
  }
}
