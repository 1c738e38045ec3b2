/** What other tools see of an output in Kafka: a CloudEvent, keyed by user as the events are. */
import type { EnvelopeOf } from '@tributary/log/kafka/layout';

export const outputEnvelope: EnvelopeOf = (line) => {
  const { ts, type, id, userKey } = JSON.parse(line) as { ts: number; type: string; id: string; userKey: string };
  return {
    key: userKey,
    headers: [
      ['ce_specversion', '1.0'],
      ['ce_id', id],
      ['ce_type', `tributary.${type}`],
      ['ce_source', '/tributary/speed'],
      ['ce_time', new Date(ts).toISOString()],
      ['content-type', 'application/json'],
    ],
  };
};
