/** The Kafka that `*.kafka.test.ts` use: the one that `KAFKA_BROKERS` names, else one of their own. */
import { kafkaAvailability } from './files-of-kafka.ts';
import { type KafkaOptions, startKafka } from './kafka-cluster.ts';

export interface KafkaForTests {
  readonly bootstrap: string;
  /** False where it is not ours (`KAFKA_BROKERS`): leave nothing behind, and expect other topics. */
  readonly owned: boolean;
  stop(): Promise<void>;
}

/** A cluster of one broker. Throws `dependency_missing` where there is none to be had; ask `missingKafka` first. */
export async function kafkaForTests(options: KafkaOptions = {}): Promise<KafkaForTests> {
  const given = process.env.KAFKA_BROKERS;
  if (given) return { bootstrap: given, owned: false, stop: async () => {} };
  const { bootstrap, stop } = await startKafka(options);
  return { bootstrap, owned: true, stop };
}

/**
 * For `describe.skipIf((await missingKafka('log on Kafka')) !== null)`: why there is no Kafka for these tests, printed on stderr
 * as well; null where there is one. `own`: `KAFKA_BROKERS` does not do, as the tests kill brokers. With CI or
 * TRIBUTARY_DEMAND_ALL=1 in the environment a missing Kafka throws.
 */
export async function missingKafka(whatIsSkipped: string, own = false): Promise<string | null> {
  if (!own && process.env.KAFKA_BROKERS) return null;
  const availability = await kafkaAvailability();
  if (availability.ok) return null;
  const message = `skipping ${whatIsSkipped}: no Kafka. ${availability.why}`;
  if (isOn(process.env.CI) || isOn(process.env.TRIBUTARY_DEMAND_ALL)) throw new Error(`${message} This run demands all tests.`);
  process.stderr.write(`${message}\n`);
  return message;
}

function isOn(value: string | undefined): boolean {
  return value !== undefined && !['', '0', 'false'].includes(value);
}
