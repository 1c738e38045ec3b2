/**
 * A generation computed by many:
 *
 *   cut ─▶ plan (a file) ─▶ shards (jobs) ─▶ a recorded part each ─▶ verify ─▶ one merge, in a child of this process
 *
 * The files are the truth, the queue only finds somebody for what is missing: a retried run, or one whose queue was emptied, asks
 * for the parts that are not there.
 */

import { rowsByPartition } from '@tributary/archive/compute/shards';
import type { ComputeResult, ComputeSpec, ShardPart } from '@tributary/archive/compute/spec';
import { computeVerified } from '@tributary/archive/compute/verified';
import { TributaryError } from '@tributary/model/errors';
import type { RunPorts, ShardFlow } from '../ports.ts';
import type { PlanName } from '../specs/shard.ts';
import { soundPart } from './record.ts';
import { keepPlan, planName, plannedSpec, readPlan, type ShardPlan } from './shard-plan.ts';
import { cutForMany } from './split-into-shards.ts';

/** How often shards are asked for whose parts turn out damaged. */
const ROUNDS = 3;

/** By many where that is the faster way, else in one session. */
export async function computeSpread(
  spec: ComputeSpec,
  flow: ShardFlow | undefined,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<ComputeResult> {
  if (flow === undefined) return computeVerified(spec, ports, signal);
  const planned = plannedSpec(spec);
  const name = planName(planned, flow.version);
  const plan = (await readPlan(ports.dataDir, name)) ?? (await cut(spec, name, flow, ports));
  if (plan === undefined) return computeVerified(spec, ports, signal);
  const timeout = AbortSignal.timeout(ports.limits.computeTimeoutMs);
  try {
    const parts = await gather(name, plan, flow, ports, AbortSignal.any([signal, timeout]));
    await ports.reached('gathered', spec.generation);
    return await computeVerified({ ...spec, parts }, ports, AbortSignal.any([signal, timeout]));
  } catch (error) {
    signal.throwIfAborted();
    if (!timeout.aborted) throw error;
    const message = `the shards of generation ${spec.generation} were not done within ${ports.limits.computeTimeoutMs} ms`;
    throw new TributaryError('compute_failed', message, { cause: error });
  }
}

async function cut(spec: ComputeSpec, name: PlanName, flow: ShardFlow, ports: RunPorts): Promise<ShardPlan | undefined> {
  const slots = await flow.slots();
  const { shardRows } = spec.limits;
  const facts = { rowsByPartition: rowsByPartition(spec), slots, minRows: ports.limits.minShardRows, maxRows: shardRows };
  const shards = cutForMany(facts);
  if (shards.length === 0) return undefined;
  ports.note('a generation is computed by many', { generation: spec.generation, shards: shards.length, slots });
  return keepPlan(ports.dataDir, name, { spec: plannedSpec(spec), shards });
}

async function gather(
  name: PlanName,
  plan: ShardPlan,
  flow: ShardFlow,
  ports: RunPorts,
  signal: AbortSignal,
): Promise<ShardPart[]> {
  const parts = new Map<number, ShardPart>();
  const missing = () => plan.shards.map((_, number) => number).filter((number) => !parts.has(number));
  for (let round = 0; ; round++) {
    for (const number of missing()) {
      const part = await soundPart(ports.dataDir, { ...name, number });
      if (part !== undefined) parts.set(number, part);
    }
    const open = missing();
    flow.progress(parts.size, plan.shards.length);
    if (open.length === 0) return plan.shards.map((_, number) => parts.get(number) as ShardPart);
    if (round === ROUNDS)
      throw new TributaryError(
        'archive_corrupt',
        `shards ${open.join(', ')} of generation ${name.generation} were computed ${ROUNDS} times, but their parts are not to be found or damaged: every batch worker needs the same data folder`,
      );
    const done = (count: number) => flow.progress(parts.size + count, plan.shards.length);
    await flow.work(
      open.map((number) => ({ ...name, number })),
      done,
      signal,
    );
  }
}
