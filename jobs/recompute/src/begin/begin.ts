/** The start of a run: its generation, durable before anything refers to it. */

import { keepsAllColumns, keepsKeys } from '@tributary/archive/compute/relations';
import { createGeneration, listGenerations, readGeneration, writeGeneration } from '@tributary/archive/generations';
import type { GenerationManifest } from '@tributary/archive/layout';
import type { Definitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { highestGeneration } from '../numbers.ts';
import type { RunPorts } from '../ports.ts';
import type { Begun, Run } from '../run.ts';
import { chooseDefinitions } from './definitions.ts';
import { readPublished } from './published.ts';

export interface Beginning {
  readonly begun: Begun;
  readonly manifest: GenerationManifest;
}

/** Goes on with the generation of an earlier attempt, or makes a new one; unfinished ones of other runs are superseded. */
export async function begin(run: Run, ports: RunPorts): Promise<Beginning> {
  if (run.begun !== null) return { begun: run.begun, manifest: await continued(run.begun, ports) };
  await supersedeUnfinished(ports);
  const published = await readPublished(ports);
  const { publication } = published;
  const now = ports.now();
  const { definitions, origin } = chooseDefinitions({
    run,
    file: ports.configuredDefinitions(),
    fileBefore: published.fileBefore,
    published: published.inForce,
    parse: ports.parseDefinitions,
    now,
  });
  const base = run.mode === 'full' ? null : baseOf(published.base, definitions, ports);
  const above = Math.max(publication?.generation ?? 0, await highestGeneration(ports));
  const draft: Omit<GenerationManifest, 'generation'> = {
    state: 'pending',
    mode: base === null ? 'full' : 'incremental',
    base,
    definitions: definitions.json,
    definitionsVersion: definitions.version,
    ...(origin !== undefined && { definitionsOrigin: origin }),
    reason: run.reason,
    createdAt: now,
    computedAt: null,
    lastSegment: [],
    cut: [],
    views: {},
    events: [],
    conversions: [],
    counts: { events: 0, newEvents: 0, duplicates: 0 },
  };
  const manifest = await createGeneration(ports.dataDir, draft, above);
  await ports.reached('created', manifest.generation);
  const begun = { generation: manifest.generation, sequence: publication?.sequence ?? 0 };
  await run.remember(begun);
  await ports.reached('remembered', manifest.generation);
  return { begun, manifest };
}

async function continued(begun: Begun, ports: RunPorts): Promise<GenerationManifest> {
  const manifest = await readGeneration(ports.dataDir, begun.generation);
  if (manifest.state === 'pending' || manifest.state === 'computed') return manifest;
  throw new TributaryError(
    'conflict',
    `generation ${manifest.generation} is ${manifest.state}: this run cannot go on with it${manifest.failure === undefined ? '' : ` (${manifest.failure})`}`,
  );
}

/** Only what came after the newest finished one can be unfinished: every run before did the same. */
async function supersedeUnfinished(ports: RunPorts): Promise<void> {
  for (const generation of (await listGenerations(ports.dataDir)).reverse()) {
    const manifest = await readGeneration(ports.dataDir, generation);
    if (manifest.state === 'computed' || manifest.state === 'retired') return;
    if (manifest.state !== 'pending') continue;
    await writeGeneration(ports.dataDir, { ...manifest, state: 'superseded' });
    ports.note('superseded an unfinished generation', { generation });
  }
}

/** An incremental run builds on what readers trust: after a rollback not on what was rolled back. */
function baseOf(published: GenerationManifest | null, definitions: Definitions, ports: RunPorts): number | null {
  if (published === null || published.state !== 'computed' || !keepsAllColumns(published)) return null;
  if (!keepsKeys(published, definitions)) return null;
  if (published.lastSegment.length === ports.log.partitions) return published.generation;
  throw new TributaryError(
    'partition_mismatch',
    `generation ${published.generation} has ${published.lastSegment.length} partitions, the log ${ports.log.partitions}`,
  );
}
