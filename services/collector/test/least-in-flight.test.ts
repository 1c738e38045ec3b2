/** The least that settings may allow in flight takes each request that the other settings allow. */
import { COLLECTOR_SETTINGS, KEYLESS_SHARE, PUBLIC_BODY_BYTES } from '@tributary/configuration/roles/collector';
import { examine } from '@tributary/runtime/config/read-config';
import { expect, test } from 'vitest';
import { createGates } from '../src/bodies/gate.ts';
import { startCollector, WRITE_KEY } from './start-collector.ts';

function leastInFlight(body: number, events: number): number {
  const env = {
    TRIBUTARY_MAX_BODY_BYTES: String(body),
    TRIBUTARY_MAX_BATCH_EVENTS: String(events),
    TRIBUTARY_MAX_IN_FLIGHT_EVENTS: String(events),
    TRIBUTARY_MAX_IN_FLIGHT_BYTES: '65536',
  };
  return Number(/must be at least (\d+)/.exec(examine('collector', COLLECTOR_SETTINGS, env, []).troubles.join())?.[1]);
}

const EVENT = { type: 'a', userId: 'b', value: 1, currency: 'EUR' };

test.each([
  [65_536, 2_500],
  [65_536, 10],
  [1_048_576, 20_000],
])('law 6: a request of %i bytes or %i events is taken where it is alone', async (bodyBytes, batchEvents) => {
  const maxBytes = leastInFlight(bodyBytes, batchEvents);
  const gates = createGates({ maxBytes, maxEvents: batchEvents }, KEYLESS_SHARE);
  const collector = await startCollector({
    gates,
    limits: {
      bodyBytes,
      batchEvents,
      publicBodyBytes: Math.min(PUBLIC_BODY_BYTES, bodyBytes),
      keylessBodyBytes: Math.min(PUBLIC_BODY_BYTES, bodyBytes),
    },
  });
  const ofMany = (event: object, most: number) => {
    const count = Math.min(batchEvents, Math.floor((most - 100) / (JSON.stringify(event).length + 1)));
    return Array.from({ length: count }, () => event);
  };
  try {
    const large = { ...EVENT, properties: { text: 'x'.repeat(6_000) } };
    for (const event of [EVENT, large, { type: 'a', userId: 'b' }]) {
      const answer = await collector.post('/v1/events', ofMany(event, bodyBytes));
      expect([answer.status, answer.body.rejected]).toEqual([200, []]);
    }
    // As sendBeacon does: the key stands in the body alone.
    const batch = ofMany(
      { type: 'track', event: 'e', userId: 'b', properties: { text: 'x'.repeat(6_000) } },
      Math.min(PUBLIC_BODY_BYTES, bodyBytes),
    );
    const keyless = await collector.post('/v1/batch', { writeKey: WRITE_KEY, batch }, { authorization: '' });
    expect([keyless.status, keyless.body.rejected]).toEqual([200, []]);
  } finally {
    await collector.stop();
  }
});
