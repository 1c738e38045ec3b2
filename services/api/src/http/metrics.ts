import type { ComputationSeen } from '@tributary/contract/shapes/computation';
import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { ApiContext } from '../context.ts';

/** Buckets in ms, around the promises: 10 ms for signals, 100 ms for reports. */
const DURATION_MS = [1, 2, 5, 10, 20, 50, 100, 200, 500, 1_000, 5_000, 30_000];

export type Answered = (status: number, durationMs: number) => void;

/** Observes answered requests; labels are route patterns, never paths, so their number is bounded. */
export function requestTimer(registry: Registry): (method: string, route: string) => Answered {
  const duration = new Histogram({
    name: 'tributary_api_request_ms',
    help: 'Answered requests by route, duration in ms',
    labelNames: ['method', 'route', 'status'],
    buckets: DURATION_MS,
    registers: [registry],
  });
  return (method, route) => {
    // Finding a child by its labels costs more than observing: each is found once. As many as there are series.
    const children = new Map<number, ReturnType<typeof duration.labels>>();
    return (status, durationMs) => {
      let child = children.get(status);
      if (child === undefined) {
        child = duration.labels({ method, route, status: String(status) });
        children.set(status, child);
      }
      child.observe(durationMs);
    };
  };
}

/** How far each registered computation is: by their names, which are bounded in number. */
export function computationMetrics(registry: Registry, { computations }: Pick<ApiContext, 'computations'>): void {
  const collect = async (gauge: Gauge<'computation'>, read: (seen: ComputationSeen) => number) => {
    const all = await computations.read().catch(() => []);
    gauge.reset();
    for (const { seen } of all) gauge.set({ computation: seen.name }, read(seen));
  };
  new Gauge({
    name: 'tributary_api_computation_lag_ms',
    help: 'How long a line has waited for a computation',
    labelNames: ['computation'],
    registers: [registry],
    collect() {
      return collect(this, ({ lagMs }) => lagMs ?? Number.NaN);
    },
  });
  new Gauge({
    name: 'tributary_api_computation_stands_still',
    help: '1: a computation has said nothing for longer than it may',
    labelNames: ['computation'],
    registers: [registry],
    collect() {
      return collect(this, ({ state }) => (state === 'STANDS_STILL' ? 1 : 0));
    },
  });
}

/** How many users' values were answered as they were kept. */
export function keptValuesMetrics(registry: Registry, { keptValues }: Pick<ApiContext, 'keptValues'>): void {
  new Counter({
    name: 'tributary_api_values_users_total',
    help: 'Users whose values were answered; kept: an earlier answer had computed these values, computed: this one did',
    labelNames: ['from'],
    registers: [registry],
    collect() {
      const { asked, found } = keptValues.counts;
      this.reset();
      this.inc({ from: 'kept' }, found);
      this.inc({ from: 'computed' }, asked - found);
    },
  });
}

/** What is served and how far the speed layer is, read when the metrics are asked for. */
export function servingMetrics(registry: Registry, { generations, board }: Pick<ApiContext, 'generations' | 'board'>): void {
  const gauge = (name: string, help: string, read: () => number | null) =>
    new Gauge({
      name,
      help,
      registers: [registry],
      collect() {
        this.set(read() ?? Number.NaN);
      },
    });
  gauge('tributary_api_generation_served', 'Generation that this process serves', () => generations.current().served);
  gauge(
    'tributary_api_generation_wanted',
    'Generation that readers should get',
    () => generations.current().wanted?.generation ?? null,
  );
  gauge('tributary_api_speed_lag_ms', 'How long the oldest unread log entry has waited', () => board.health().lagMs);
}
