import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Gates } from './bodies/gate.ts';
import { DIMENSIONS, type Names } from './names/names.ts';

export interface CollectorMetrics {
  readonly accepted: Counter;
  readonly rejected: Counter<'code'>;
  readonly refused: Counter<'code'>;
  readonly folded: Counter<'dimension'>;
  readonly appendSeconds: Histogram;
  readonly requestSeconds: Histogram<'route' | 'status'>;
}

const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

export function createMetrics(register: Registry, gates: Gates, names: Pick<Names, 'count'>): CollectorMetrics {
  const registers = [register];
  new Gauge({
    name: 'tributary_collector_in_flight_bytes',
    help: 'Bytes held by requests that are not answered yet',
    registers,
    collect() {
      this.set(gates.keyed.bytes + gates.keyless.bytes);
    },
  });
  new Gauge({
    name: 'tributary_collector_in_flight_events',
    help: 'Events being written to the log',
    registers,
    collect() {
      this.set(gates.keyed.events);
    },
  });
  new Gauge({
    name: 'tributary_collector_names',
    help: 'Distinct types, channels and campaigns that this UTC day has brought',
    labelNames: ['dimension'],
    registers,
    collect() {
      for (const dimension of DIMENSIONS) this.set({ dimension }, names.count(dimension));
    },
  });
  return {
    accepted: new Counter({
      name: 'tributary_collector_events_accepted_total',
      help: 'Events acknowledged as durable',
      registers,
    }),
    rejected: new Counter({
      name: 'tributary_collector_events_rejected_total',
      help: 'Events rejected one by one, by error code',
      labelNames: ['code'],
      registers,
    }),
    refused: new Counter({
      name: 'tributary_collector_requests_refused_total',
      help: 'Requests refused whole, by error code',
      labelNames: ['code'],
      registers,
    }),
    folded: new Counter({
      name: 'tributary_collector_names_folded_total',
      help: 'Events whose type, channel or campaign reads (other), because the day brought too many',
      labelNames: ['dimension'],
      registers,
    }),
    appendSeconds: new Histogram({
      name: 'tributary_collector_append_seconds',
      help: 'From handing the entries of a request to the log until all are durable',
      buckets: SECONDS,
      registers,
    }),
    requestSeconds: new Histogram({
      name: 'tributary_collector_request_seconds',
      help: 'From the request header to the end of the answer',
      labelNames: ['route', 'status'],
      buckets: SECONDS,
      registers,
    }),
  };
}
