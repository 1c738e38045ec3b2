/** The collector: wires the log and the key ring to the HTTP server. */
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { startHeartbeats } from '@tributary/log/heartbeat';
import { openEventLog } from '@tributary/log/open-log';
import { TributaryError } from '@tributary/model/errors';
import { loadKeyRing } from '@tributary/runtime/keys';
import { logPlace } from '@tributary/runtime/log-place';
import { runService } from '@tributary/runtime/service';
import { withActivity } from './activity.ts';
import { CONFIG } from './config.ts';
import { createGate } from './gate.ts';
import { listen } from './listen.ts';
import { createMetrics } from './metrics.ts';
import { logReadiness } from './readiness.ts';
import { buildServer } from './server.ts';
import { refusalOf } from './write-key.ts';

/** `navigator.sendBeacon` cannot send more, and nothing else lacks the header. */
const KEYLESS_BODY_BYTES = 64 * 1024;

await runService('collector', CONFIG, async ({ config, log: logger, metrics: registry, signal }) => {
  if (config.maxInFlightBytes < 3 * config.maxBodyBytes || config.maxInFlightEvents < config.maxBatchEvents)
    throw new TributaryError(
      'invalid_config',
      `maxInFlightBytes (${config.maxInFlightBytes}) holds at least three bodies of maxBodyBytes (${config.maxBodyBytes}), ` +
        `maxInFlightEvents (${config.maxInFlightEvents}) one batch of maxBatchEvents (${config.maxBatchEvents})`,
    );
  const now = Date.now;
  const onRedisError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const place = await logPlace(config, 'collector', onRedisError, signal);
  const opened = await openEventLog({ ...place, name: 'events', now });
  const log = withActivity(opened, now);
  const keys = loadKeyRing(join(config.dataDir, 'keys.json'));
  const gate = createGate({ maxBytes: config.maxInFlightBytes, maxEvents: config.maxInFlightEvents });

  const onAppendFailed = (error: unknown) => {
    logger.warn({ err: error }, 'an append to the log failed');
    // Another log stands in its place: stop and say so, rather than write where nobody knows who reads.
    if (error instanceof TributaryError && error.code === 'log_recreated')
      queueMicrotask(() => {
        throw error;
      });
  };
  const ready = logReadiness(log);
  const server = await buildServer({
    collector: {
      log,
      metrics: createMetrics(registry, gate),
      onAppendFailed,
      limits: { bodyBytes: config.maxBodyBytes, keylessBodyBytes: KEYLESS_BODY_BYTES, batchEvents: config.maxBatchEvents },
      partitions: config.partitions,
      now,
      newId: randomUUID,
      refusalOf: (key) => refusalOf(keys, key, now()),
    },
    gate,
    registry,
    publicUrl: config.collectorPublicUrl,
    origins: config.collectorOrigins,
    maxConnections: config.maxConnections,
    requestTimeoutMs: config.requestTimeoutMs,
    ready,
    isDraining: () => signal.aborted,
    onDefect: (error) => logger.error({ err: error }, 'a request failed'),
  });
  const heartbeats = startHeartbeats({
    log,
    idleMs: config.heartbeatIdleMs,
    now,
    signal,
    wasActive: (partition) => log.wasActive(partition, config.heartbeatIdleMs),
    onError: onAppendFailed,
  });
  await listen(server, config.host, config.collectorPort);
  logger.info({ host: config.host, port: config.collectorPort }, 'collecting');

  return {
    ready,
    drain: async () => {
      await server.close();
      await heartbeats;
      await log.close();
    },
  };
});
