/** The publisher as the service runs it: its log, its metrics, and nothing at all where nothing is passed on. */

import type { SHARED_SETTINGS } from '@tributary/configuration/roles/shared';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { openEventLog } from '@tributary/log/open-log';
import { TributaryError } from '@tributary/model/errors';
import type { Config } from '@tributary/runtime/config/read-config';
import { NAMESPACE } from '@tributary/runtime/event-log/keys';
import type { connectRedis } from '@tributary/runtime/redis/connect';
import { createOutbox } from '@tributary/store/outbox/redis-outbox';
import { Counter, Gauge, type Registry } from 'prom-client';
import { createPublisher, type Publisher } from '../outbox/publisher.ts';
import type { OutputKinds } from '../partitions/partition-run.ts';
import { outputEnvelope } from './envelope.ts';

export interface Publishing extends Pick<Publisher, 'wake' | 'hasRoom'> {
  /** Resolves once nothing is under way any more. */
  readonly ended: Promise<void>;
}

export interface PublishingOptions {
  readonly config: Config<typeof SHARED_SETTINGS> & { readonly outputRetentionMinutes: number };
  readonly store: ReturnType<typeof connectRedis>;
  readonly assigned: () => ReadonlySet<number>;
  readonly metrics: Registry;
  readonly signal: AbortSignal;
  readonly onError: (error: Error) => void;
}

const KINDS: readonly OutputKinds[] = ['none', 'conversions', 'segments', 'all'];
const NOTHING: Publishing = { wake: () => {}, hasRoom: () => true, ended: Promise.resolve() };

/** Throws `invalid_config`. */
export function outputKinds(text: string): OutputKinds {
  const kinds = KINDS.find((known) => known === text);
  if (kinds === undefined)
    throw new TributaryError('invalid_config', `TRIBUTARY_OUTPUTS must be one of ${KINDS.join(', ')} (got "${text}")`);
  return kinds;
}

/** What is committed by a worker that sends less is never sent: said loudly, until all workers have one value. */
export function sayWhereOutputsDiffer(
  own: OutputKinds,
  others: readonly string[],
  log: { info(text: string): void; error(text: string): void },
  metrics: { outputsDiffer(workers: number): void },
): void {
  metrics.outputsDiffer(others.length);
  if (others.length === 0) {
    log.info('all speed workers have the same TRIBUTARY_OUTPUTS again');
    return;
  }
  const got = `${own} here, ${[...new Set(others)].sort().join(' and ')} in ${others.length} other${others.length === 1 ? '' : 's'}`;
  log.error(
    `TRIBUTARY_OUTPUTS must be the same in every speed worker (got ${got}), for what one of them leaves out is never sent. Give all of them one value and start them again.`,
  );
}

/** `wanted`: false, and what earlier settings left in the outboxes stays there. */
export async function startPublishing(wanted: boolean, options: PublishingOptions): Promise<Publishing> {
  if (!wanted) return NOTHING;
  const { config, store, assigned, metrics, signal, onError } = options;
  const retentionMs = config.outputRetentionMinutes * 60_000;
  const configuration = await eventLogConfiguration(config, 'speed-outputs', onError, signal);
  // Events are trimmed once they are archived and read; who reads outputs is not known.
  const kafka = configuration.kafka && { ...configuration.kafka, topic: { ...configuration.kafka.topic, retentionMs } };
  const log = await openEventLog({
    ...configuration,
    kafka,
    name: 'outputs',
    envelope: outputEnvelope,
    retentionMs,
    now: Date.now,
  });
  const registers = [metrics];
  const published = new Counter({
    name: 'tributary_speed_outputs_total',
    help: 'Lines that the output log took',
    registers,
  });
  const publisher = createPublisher({
    outbox: createOutbox(store, NAMESPACE),
    log,
    assigned,
    onPublished: (_, lines) => published.inc(lines),
    onError,
  });
  new Gauge({
    name: 'tributary_speed_outbox_lines',
    help: 'Lines that wait for the output log, as far as is known; the worker waits when one partition has 20 000',
    registers,
    collect() {
      this.set(publisher.waiting());
    },
  });
  const ended = publisher.run(signal).then(() => log.close());
  return { wake: publisher.wake, hasRoom: publisher.hasRoom, ended };
}
