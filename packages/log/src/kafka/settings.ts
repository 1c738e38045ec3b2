/** How to reach a Kafka cluster, and what a topic of ours must be: what settings are read into, and what the log takes. */
import type { SASL_MECHANISMS } from '../settings.ts';

export interface KafkaSettings {
  /** `host:port` of brokers to begin with; the others are found through them. */
  readonly brokers: readonly string[];
  readonly clientId: string;
  /** PEM text. `true`: TLS by the machine's own certificate authorities. */
  readonly ssl?: true | { readonly ca?: string; readonly cert?: string; readonly key?: string };
  readonly sasl?: { readonly mechanism: SaslMechanism; readonly username: string; readonly password: string };
}

export type SaslMechanism = (typeof SASL_MECHANISMS)[number];

/** Used when the log creates its topic; one that exists is checked instead. */
export interface TopicSettings {
  readonly replication: number;
  /** A write is acknowledged once this many replicas have it. */
  readonly minInsync: number;
  /** Kafka drops older segments by itself; -1 keeps all, and only `trim` drops. */
  readonly retentionMs: number;
}

export interface KafkaConfiguration extends KafkaSettings {
  /** Topics are `<prefix>.events` and `<prefix>.outputs`. */
  readonly topicPrefix: string;
  readonly topic: TopicSettings;
}
