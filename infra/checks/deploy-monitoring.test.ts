/** Dashboards, alert rules and the autoscaler ask for what the code really exports: names, kinds and labels. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { collectDefaultMetrics, Registry } from 'prom-client';
import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { REPOSITORY, sourceFiles, textOf } from './source-files.ts';

interface Metric {
  readonly kind: 'Counter' | 'Gauge' | 'Histogram';
  readonly labels: readonly string[];
}
interface Rule {
  readonly alert: string;
  readonly expr: string;
  readonly labels?: Readonly<Record<string, string>>;
  readonly annotations?: Readonly<Record<string, string>>;
}
interface Panel {
  readonly id: number;
  readonly datasource: { readonly uid: string };
  readonly targets: readonly { readonly expr: string; readonly legendFormat: string }[];
}
interface Dashboard {
  readonly uid: string;
  readonly panels: readonly Panel[];
}

const GRAFANA = 'infra/grafana';
const filesIn = (folder: string) => readdirSync(join(REPOSITORY, folder)).map((name) => `${folder}/${name}`);
const metrics = new Map([...ownMetrics(), ...(await defaultMetrics())]);
const dashboards = filesIn(`${GRAFANA}/dashboards`).map((file) => ({ file, ...(JSON.parse(textOf(file)) as Dashboard) }));
const { groups } = parse(textOf(`${GRAFANA}/alerts.yaml`)) as { groups: readonly { rules: readonly Rule[] }[] };
const rules = groups.flatMap((group) => group.rules);
const scaler = parse(textOf('infra/kubernetes/autoscale-speed.keda.yaml')) as {
  spec: { triggers: readonly { metadata: { query?: string } }[] };
};

const asked = [
  ...dashboards.flatMap(({ file, panels }) => panels.flatMap((panel) => panel.targets.map(({ expr }) => [file, expr] as const))),
  ...rules.map((rule) => [rule.alert, rule.expr] as const),
  ...scaler.spec.triggers.flatMap(({ metadata }) =>
    metadata.query === undefined ? [] : [['autoscaler', metadata.query] as const],
  ),
];

test('the scan finds what every role registers', () => {
  for (const role of ['collector', 'speed', 'archiver', 'batch', 'api'])
    expect([...metrics.keys()].filter((name) => name.startsWith(`tributary_${role}_`)).length).toBeGreaterThanOrEqual(4);
  expect(metrics.get('tributary_collector_request_seconds')).toEqual({ kind: 'Histogram', labels: ['route', 'status'] });
  expect(metrics.get('tributary_api_speed_lag_ms')).toEqual({ kind: 'Gauge', labels: [] });
  expect(metrics.get('process_resident_memory_bytes')?.kind).toBe('Gauge');
});

test('the objections see a wrong name, a wrong kind and a wrong label', () => {
  expect(objections('sum(rate(tributary_nothing_total[5m]))')).toHaveLength(1);
  expect(objections('sum(tributary_api_request_ms)')).toHaveLength(1);
  expect(objections('tributary_archiver_paused_bucket')).toHaveLength(1);
  expect(objections('sum(tributary_speed_events_total{fait="parked"})')).toHaveLength(1);
  expect(objections('rate(tributary_batch_runs_total[1h])) by (code)')).toHaveLength(1);
  expect(objections('rate(tributary_archiver_paused[1h])')).toHaveLength(1);
  expect(objections('histogram_quantile(0.9, sum(rate(tributary_api_request_ms_bucket{route=~"/v1/.*"}[5m])) by (le))')).toEqual(
    [],
  );
});

test.each(asked)('%s: %s', (_where, expr) => {
  expect(objections(expr)).toEqual([]);
});

test('every metric of ours is on a dashboard', () => {
  const shown = dashboards.map(({ panels }) => JSON.stringify(panels)).join('');
  expect([...metrics.keys()].filter((name) => name.startsWith('tributary_') && !shown.includes(name))).toEqual([]);
});

test('an alert says how urgent it is, what users see and what to do', () => {
  expect(rules.length).toBeGreaterThan(20);
  expect(new Set(rules.map((rule) => rule.alert)).size).toBe(rules.length);
  for (const { alert, labels, annotations } of rules) {
    expect([alert, labels?.['severity']]).toEqual([alert, expect.stringMatching(/^(page|ticket)$/)]);
    for (const name of ['summary', 'description', 'runbook'])
      expect([alert, name, annotations?.[name]?.length]).toEqual([alert, name, expect.any(Number)]);
  }
});

test('each alert has a case for promtool', () => {
  const cases = textOf(`${GRAFANA}/alerts.test.yaml`);
  expect(rules.map(({ alert }) => alert).filter((alert) => !cases.includes(alert))).toEqual([]);
});

test('the settings and codes that alerts name exist', () => {
  const code = sourceFiles().filter((file) => /^(packages|services|jobs)\//.test(file) && !/\.test\.ts$/.test(file));
  const text = code.map((file) => textOf(file)).join('\n');
  const values = rules.flatMap(({ expr }) => [...expr.matchAll(/(?:code|fate|published)="([^"]+)"/g)].map((match) => match[1]));
  expect(values.length).toBeGreaterThan(3);
  for (const value of values) expect(text).toContain(`'${value}'`);
});

test('dashboards take their data source from a variable, and no two share a name', () => {
  expect(new Set(dashboards.map(({ uid }) => uid)).size).toBe(dashboards.length);
  for (const { file, panels } of dashboards) {
    expect([file, new Set(panels.map(({ id }) => id)).size]).toEqual([file, panels.length]);
    for (const { datasource } of panels) expect(datasource.uid).toBe(`\${datasource}`);
  }
});

test('a legend shows labels that its query keeps', () => {
  for (const { file, panels } of dashboards)
    for (const { expr, legendFormat } of panels.flatMap((panel) => panel.targets))
      for (const [, label = ''] of legendFormat.matchAll(/\{\{(\w+)\}\}/g)) {
        const kept = /\bby \(([^)]*)\)/.exec(expr)?.[1]?.split(/,\s*/) ?? [...labelsOf(expr), ...SCRAPED];
        expect([file, expr, kept]).toEqual([file, expr, expect.arrayContaining([label])]);
      }
});

test('Prometheus asks each role at its port', () => {
  const config = parse(textOf(`${GRAFANA}/prometheus.yaml`)) as {
    scrape_configs: { job_name: string; dns_sd_configs: { names: string[]; port: number }[] }[];
  };
  const compose = parse(textOf('infra/docker/compose.yaml'), { merge: true }) as {
    services: Record<string, { environment?: Record<string, string> }>;
  };
  for (const { job_name: role, dns_sd_configs } of config.scrape_configs) {
    const environment = compose.services[role]?.environment ?? {};
    const port = environment[`TRIBUTARY_${role.toUpperCase()}_PORT`] ?? environment['TRIBUTARY_HEALTH_PORT'];
    expect(dns_sd_configs).toEqual([expect.objectContaining({ names: [role], port: Number(port) })]);
  }
  expect(config.scrape_configs).toHaveLength(5);
});

/** Labels that Prometheus adds to every series. */
const SCRAPED = ['instance', 'job'];
const WORDS = new Set(['by', 'without', 'on', 'ignoring', 'or', 'and', 'unless', 'offset', 'bool']);

/** What is wrong with the metrics of a PromQL expression. */
function objections(expr: string): string[] {
  const wrong: string[] = [];
  const names = namesIn(expr);
  const labels = labelsOf(expr);
  for (const name of names) {
    const { base, suffix } = split(name);
    const metric = metrics.get(base);
    if (metric === undefined) wrong.push(`nothing registers ${name}`);
    else if ((metric.kind === 'Histogram') !== (suffix !== ''))
      wrong.push(`${base} is a ${metric.kind}, not to be asked for as ${name}`);
    else if (metric.kind === 'Gauge' && /\b(rate|increase)\(/.test(expr)) wrong.push(`${base} is a Gauge: it has no rate`);
  }
  if (names.length === 0) wrong.push('it asks for no metric');
  const groupedBy = [...expr.matchAll(/\bby \(([^)]*)\)/g)].flatMap((match) => (match[1] ?? '').split(/,\s*/));
  const matched = [...expr.matchAll(/\{([^}]*)\}/g)].flatMap((match) =>
    [...(match[1] ?? '').matchAll(/(\w+)\s*[=!]/g)].map((m) => m[1] ?? ''),
  );
  for (const label of [...groupedBy, ...matched])
    if (![...labels, ...SCRAPED].includes(label)) wrong.push(`${names.join(', ')} has no label ${label}`);
  return wrong;
}

function namesIn(expr: string): string[] {
  const bare = expr.replace(/\{[^}]*\}|\[[^\]]*\]/g, ' ').replace(/\b(by|without) \([^)]*\)/g, ' ');
  return [...new Set([...bare.matchAll(/(?<![\w.$])[a-zA-Z_]\w*(?!\w*\s*\()/g)].map((match) => match[0]))].filter(
    (word) => !WORDS.has(word),
  );
}

function labelsOf(expr: string): string[] {
  return namesIn(expr).flatMap((name) => {
    const { base, suffix } = split(name);
    return [...(metrics.get(base)?.labels ?? []), ...(suffix === '_bucket' ? ['le'] : [])];
  });
}

function split(name: string): { base: string; suffix: string } {
  const [, base = name, suffix = ''] = /^(.*?)(_bucket|_sum|_count)$/.exec(name) ?? [];
  return metrics.has(name) ? { base: name, suffix: '' } : { base, suffix };
}

/** By reading the sources: starting every role would need a platform. */
function ownMetrics(): [string, Metric][] {
  const sources = sourceFiles().filter((file) => /^(packages|services|jobs)\/.*\/src\//.test(file) && !/\.test\.ts$/.test(file));
  return sources.flatMap((file) => {
    const text = textOf(file);
    const made = [...text.matchAll(/new (Counter|Gauge|Histogram)\(\{\s*name: '(\w+)'([\s\S]*?)registers/g)].map(
      (match): [string, Metric] => {
        const labels = /labelNames: \[([^\]]*)\]/.exec(match[3] ?? '')?.[1] ?? '';
        return [
          match[2] ?? '',
          { kind: match[1] as Metric['kind'], labels: [...labels.matchAll(/'(\w+)'/g)].map((label) => label[1] ?? '') },
        ];
      },
    );
    const gauges = [...text.matchAll(/\bgauge\(\s*'(tributary_\w+)'/g)].map((match): [string, Metric] => [
      match[1] ?? '',
      { kind: 'Gauge', labels: [] },
    ]);
    return [...made, ...gauges];
  });
}

async function defaultMetrics(): Promise<[string, Metric][]> {
  const register = new Registry();
  collectDefaultMetrics({ register });
  const kinds = { counter: 'Counter', gauge: 'Gauge', histogram: 'Histogram', summary: 'Histogram' } as const;
  return (await register.getMetricsAsJSON()).map(({ name, type }) => [
    name,
    { kind: kinds[String(type) as keyof typeof kinds], labels: [] },
  ]);
}
