/** The collector: wires the log and the key ring to the HTTP server. */
import { randomUUID } from 'node:crypto';
import { KEYLESS_SHARE, PUBLIC_BODY_BYTES } from '@tributary/configuration/roles/collector';
import { runRole } from '@tributary/configuration/run-role';
import { eventLogConfiguration } from '@tributary/log/configuration';
import { startHeartbeats } from '@tributary/log/heartbeat';
import { openEventLog } from '@tributary/log/open-log';
import { DAY_MS, HOUR_MS } from '@tributary/model/time';
import { loadDefinitions } from '@tributary/runtime/config/definitions';
import { followKeys } from '@tributary/runtime/keys/ring';
import { BUILT_FOLDER } from '@tributary/tracker/built';
import { withActivity, withRoom } from './activity.ts';
import { createGates } from './bodies/gate.ts';
import { minimiserOf } from './checks/minimiser.ts';
import { createRejections } from './checks/rejections.ts';
import { trackerIn } from './clients/tracker.ts';
import { listen } from './http/listen.ts';
import { logReadiness } from './http/readiness.ts';
import { buildServer } from './http/server.ts';
import { createRates } from './keys/rates.ts';
import { authoriser } from './keys/write-key.ts';
import { watchLostLog } from './lost-log.ts';
import { createMetrics } from './metrics.ts';
import { followNames, keepFollowing } from './names/follow-names.ts';
import { createNames } from './names/names.ts';

const KEYLESS_BODY_MS = 3_000;
/** Answers that clients do not take: a network that works has taken them within 10 s. */
const WAITING = { maxBytes: 32 * 1024 * 1024, takeMs: 10_000 };
/** 2 000 connections with one script each. A poor network takes one within 10 s. */
const SCRIPTS = { maxBytes: 64 * 1024 * 1024, idleMs: 20_000 };
await runRole('collector', async ({ config, log: logger, metrics: registry, disk, signal }) => {
  const { maxInFlightBytes, maxBodyBytes, maxInFlightEvents, maxBatchEvents } = config;
  const now = Date.now;
  const onRedisError = (error: Error) => logger.warn({ err: error.message }, 'redis');
  const configuration = await eventLogConfiguration(config, 'collector', onRedisError, signal);
  const opened = await openEventLog({ ...configuration, name: 'events', now });
  const log = withRoom(withActivity(opened, now), disk);
  const keys = followKeys(config.dataDir, logger);
  const { maxTypes: type, maxChannels: channel, maxCampaigns: campaign, maxPages: page, maxElements: element } = config;
  const bounds = { type, channel, campaign, page, element, value: config.maxCountedValues };
  const followed = await followNames(() => loadDefinitions(config.definitionsFile), config.dataDir);
  await keepFollowing(followed, logger, signal);
  const names = createNames({ ...bounds, importDays: config.maxImportDays }, followed.known, now);
  const gates = createGates({ maxBytes: maxInFlightBytes, maxEvents: maxInFlightEvents }, KEYLESS_SHARE);

  const isLost = watchLostLog(opened, logger, signal);
  const onAppendFailed = (error: unknown) => {
    if (!isLost(error)) logger.warn({ err: error }, 'an append to the log failed');
  };
  const ready = logReadiness(log, { trouble: () => keys.problem(now()) ?? disk.trouble() ?? log.trouble() });
  const server = await buildServer({
    collector: {
      log,
      metrics: createMetrics(registry, gates, names),
      rejections: createRejections(now),
      onAppendFailed,
      limits: {
        bodyBytes: maxBodyBytes,
        publicBodyBytes: Math.min(PUBLIC_BODY_BYTES, maxBodyBytes),
        bodyMs: config.requestTimeoutMs,
        keylessBodyBytes: Math.min(PUBLIC_BODY_BYTES, maxBodyBytes),
        keylessBodyMs: KEYLESS_BODY_MS,
        batchEvents: maxBatchEvents,
        eventAgeMs: config.maxEventAgeDays * DAY_MS,
        publicEventAgeMs: config.maxBrowserEventAgeHours * HOUR_MS,
      },
      partitions: config.partitions,
      now,
      newId: randomUUID,
      authorise: authoriser(keys, now),
      rates: createRates(now),
      names,
      minimise: minimiserOf(config),
    },
    reader: (key) => keys.verify(key, 'read', now()),
    gates,
    registry,
    publicUrl: config.collectorPublicUrl,
    tracker: { path: config.trackerPath, library: trackerIn(BUILT_FOLDER) },
    origins: config.collectorOrigins,
    maxConnections: config.maxConnections,
    requestTimeoutMs: config.requestTimeoutMs,
    waiting: WAITING,
    scripts: SCRIPTS,
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
