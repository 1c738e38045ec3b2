/** A real Apache Kafka of one or three brokers on loopback, for tests. */
import { createHash } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { TributaryError } from '@tributary/model/errors';
import { freePort } from '../servers/free-port.ts';
import { type Broker, type BrokerOptions, formatStorage, isReadable, openBroker } from './broker-process.ts';
import { type BrokerPlace, brokerSettings, HOST } from './broker-settings.ts';
import { classArchive } from './class-archive.ts';
import { type KafkaFiles, kafkaAvailability } from './files-of-kafka.ts';

export type { Broker } from './broker-process.ts';

export interface KafkaCluster {
  /** `host:port` of every broker, separated by commas. */
  readonly bootstrap: string;
  readonly brokers: readonly Broker[];
  /** Ends all brokers. Without a `dataDir` of the caller their data is removed, and they are killed at once. */
  stop(): Promise<void>;
}

export interface KafkaOptions {
  /** Three form a quorum that outlives one of them; topics then have three copies, two of which must acknowledge. */
  readonly brokers?: 1 | 3;
  /** Kept and opened again; by default a temporary folder. */
  readonly dataDir?: string;
  /** Broker settings over those of `brokerSettings`, the same for all. */
  readonly settings?: Readonly<Record<string, string>>;
  /** Each broker's, followed by its controller's; free ones where none is given. Reopened data keeps working on other ports. */
  readonly ports?: readonly number[];
}

/**
 * Resolves once every broker serves: 2 s for one, 5 s for three on two cores; the first time 45 MB are fetched, and Java's archive of
 * classes takes 10 s more.
 * Throws `dependency_missing` where Java or Maven is missing or a broker does not start; the message ends with its log.
 * The brokers die with this process, however it ends.
 */
export async function startKafka(options: KafkaOptions = {}): Promise<KafkaCluster> {
  const availability = await kafkaAvailability();
  if (!availability.ok) throw new TributaryError('dependency_missing', `Kafka cannot run here: ${availability.why}`);
  const { files } = availability;
  const archive = await classArchive(
    files,
    (into) => recordClasses(files, into),
    (path) => isReadable(files, path),
  );
  const temporary = options.dataDir === undefined;
  const root = options.dataDir === undefined ? await mkdtemp(join(tmpdir(), 'tributary-kafka-')) : resolve(options.dataDir);
  const places = await placesOf(options.brokers ?? 1, root, options.ports);
  const all = places.map(
    (place): BrokerOptions => ({
      files,
      place,
      settings: brokerSettings(place, places, options.settings ?? {}),
      classes: archive === null ? [] : [`-XX:SharedArchiveFile=${archive}`],
      temporary: temporary ? root : null,
    }),
  );
  const brokers = all.map(openBroker);
  const stop = async (): Promise<void> => {
    await Promise.all(brokers.map((broker) => (temporary ? broker.kill() : broker.stop())));
    if (temporary) await rm(root, { recursive: true, force: true });
  };
  try {
    await Promise.all(all.map((one) => formatStorage(one, clusterIdOf(root))));
    await Promise.all(brokers.map((broker) => broker.start()));
  } catch (error) {
    await stop();
    throw error;
  }
  return { bootstrap: places.map(({ port }) => `${HOST}:${port}`).join(','), brokers, stop };
}

/** Far longer than a machine that others use needs: an archive that is cut short costs each start of a broker another second. */
const WRITTEN_MS = 180_000;

/** One broker, started and ended in good order: then Java writes the archive. */
async function recordClasses(files: KafkaFiles, into: string): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'tributary-kafka-'));
  const places = await placesOf(1, root);
  const [place] = places as [BrokerPlace];
  const one = { files, place, settings: brokerSettings(place, places, {}), temporary: root };
  try {
    await formatStorage({ ...one, classes: [] }, clusterIdOf(root));
    const broker = openBroker({ ...one, classes: [`-XX:ArchiveClassesAtExit=${into}`] });
    await broker.start();
    await broker.stop(WRITTEN_MS);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function placesOf(count: number, root: string, ports: readonly number[] = []): Promise<BrokerPlace[]> {
  const places: BrokerPlace[] = [];
  for (let id = 1; id <= count; id++) {
    const [port = await freePort(), controllerPort = await freePort()] = ports.slice(2 * id - 2);
    places.push({ id, port, controllerPort, dataDir: join(root, `broker-${id}`) });
  }
  return places;
}

/** 16 bytes in URL-safe base64, as Kafka wants; of the folder, so that one opened again stays what it was. No "-" leads: it would be a flag. */
function clusterIdOf(root: string): string {
  return createHash('sha256').update(root).digest().subarray(0, 16).toString('base64url').replace(/^-/, 'A');
}
