/** Dockerfile, compose file and manifests fit the roles: settings, ports, probes, drain, memory, names. */
import { execFileSync } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { NODE_FLAGS, ROLE_NAMES, type RoleName } from '@tributary/local/roles';
import { EVENT_LOG_SETTINGS } from '@tributary/log/settings';
import { environmentName } from '@tributary/runtime/config/read-config';
import { expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';
import { REPOSITORY, sourceFiles, textOf } from './source-files.ts';

type Variables = Readonly<Record<string, string>>;
interface Named {
  readonly name: string;
}
interface Probe {
  readonly httpGet: { readonly path: string; readonly port: string };
}
interface Container extends Named {
  readonly image: string;
  readonly ports: readonly (Named & { containerPort: number })[];
  readonly envFrom: readonly { configMapRef?: Named; secretRef?: Named }[];
  readonly env: readonly (Named & { value: string })[];
  readonly resources: { limits: { memory: string } };
  readonly securityContext: Readonly<Record<string, unknown>>;
  readonly lifecycle?: { preStop: { exec: { command: string[] } } };
  readonly volumeMounts: readonly (Named & { mountPath: string; readOnly?: boolean })[];
  readonly startupProbe: Probe;
  readonly livenessProbe: Probe;
  readonly readinessProbe: Probe;
}
interface PodTemplate {
  readonly metadata: { labels: Variables; annotations?: Variables };
  readonly spec: {
    readonly enableServiceLinks: boolean;
    readonly terminationGracePeriodSeconds: number;
    readonly securityContext: Readonly<Record<string, unknown>>;
    readonly containers: readonly [Container];
    readonly volumes: readonly (Named & {
      configMap?: Named;
      secret?: { secretName: string };
      persistentVolumeClaim?: { claimName: string };
    })[];
  };
}
interface Resource {
  readonly kind: string;
  readonly metadata: Named;
  readonly data?: Variables;
  readonly stringData?: Variables;
  // biome-ignore lint/suspicious/noExplicitAny: each kind has its own shape; what is used is asserted.
  readonly spec: any;
}
interface Composed {
  readonly image: string;
  readonly build?: { target: string; dockerfile: string };
  readonly environment: Variables;
  readonly ports?: readonly string[];
  readonly read_only?: boolean;
  readonly volumes?: readonly string[];
  readonly mem_limit?: string;
}

const KUBERNETES = 'infra/kubernetes';
const ENTRIES: Readonly<Record<RoleName, string>> = {
  collector: 'services/collector/src/main.ts',
  speed: 'services/speed/src/main.ts',
  archiver: 'services/archiver/src/main.ts',
  api: 'services/api/src/main.ts',
  recompute: 'jobs/recompute/src/main.ts',
};
const roles = ROLE_NAMES.map((name) => ({ name, settings: settingsOf(ENTRIES[name]) }));
const cliVariables = new Set(
  sourceFiles()
    .filter((file) => file.startsWith('packages/cli/src/'))
    .flatMap((file) => [...textOf(file).matchAll(/TRIBUTARY_[A-Z_]+[A-Z]/g)].map((match) => match[0]))
    .concat(['WRITE', 'READ', 'ADMIN'].map((scope) => `TRIBUTARY_${scope}_KEY`))
    .concat(Object.keys(EVENT_LOG_SETTINGS).map(environmentName)),
);

const dockerfile = textOf('infra/docker/Dockerfile').replace(/\\\n/g, ' ');
const targets = new Map(
  [...dockerfile.matchAll(/^FROM (\S+) AS (\S+)\n([\s\S]*?)(?=^FROM |$(?![\s\S]))/gm)].map(
    ([, from = '', name = '', body = '']) => [name, { from, body }],
  ),
);
const compose = parse(textOf('infra/docker/compose.yaml'), { merge: true }) as { services: Readonly<Record<string, Composed>> };
const manifestFiles = readdirSync(join(REPOSITORY, KUBERNETES)).filter((file) => file !== 'kustomization.yaml');
const resources = manifestFiles.flatMap((file) =>
  parseAllDocuments(textOf(`${KUBERNETES}/${file}`)).map((document) => {
    expect([file, document.errors]).toEqual([file, []]);
    return document.toJS() as Resource;
  }),
);
const ofKind = (kind: string) => resources.filter((resource) => resource.kind === kind);
const named = (kind: string, name: string): Resource => {
  const found = ofKind(kind).find((resource) => resource.metadata.name === name);
  if (found === undefined) throw new Error(`${kind} ${name} does not exist`);
  return found;
};
const templateOf = (role: string) =>
  (role === 'cli' ? named('CronJob', 'doctor').spec.jobTemplate : named('Deployment', role)).spec.template as PodTemplate;

test('the help of a role lists its settings', () => {
  for (const { name, settings } of roles) expect([name, settings.get('TRIBUTARY_REDIS_URL')]).toEqual([name, 'string']);
  expect(roles.find(({ name }) => name === 'speed')?.settings.get('TRIBUTARY_CACHED_EVENTS')).toBe('int');
});

test.each(roles)(
  '$name: every setting of image, compose file and manifest is one of its own, with a value of its type',
  ({ name, settings }) => {
    for (const variables of [imageVariables(name), compose.services[name]?.environment ?? {}, podVariables(name)]) {
      expect(Object.keys(variables).length).toBeGreaterThan(1);
      for (const [variable, value] of Object.entries(variables)) {
        if (!variable.startsWith('TRIBUTARY_')) continue;
        const type = settings.get(variable);
        expect([variable, type]).toEqual([variable, expect.any(String)]);
        expect(value).toEqual(expect.any(String));
        if (type === 'int') expect([variable, value]).toEqual([variable, expect.stringMatching(/^\d+$/)]);
        if (type === 'bool') expect([variable, value]).toEqual([variable, expect.stringMatching(/^(true|false)$/)]);
      }
    }
  },
);

test('the Redis of the compose file wants the password that the roles have, and no argument holds it', () => {
  const { command, environment } = compose.services['redis'] as Composed & { command: readonly string[] };
  expect(environment['REDIS_PASSWORD']).toMatch(/^\$\{TRIBUTARY_REDIS_PASSWORD:\?/);
  expect(command.at(-1)).toMatch(/exec .* redis-server - [\s\S]*<<END\nrequirepass \$\$REDIS_PASSWORD\nEND/);
  for (const name of [...ROLE_NAMES, 'cli'])
    expect(compose.services[name]?.environment['TRIBUTARY_REDIS_URL']).toMatch(/^redis:\/\/:\$\{TRIBUTARY_REDIS_PASSWORD/);
});

test('the command line knows the variables that it is given', () => {
  // In Kubernetes it gets the settings of all roles, and takes what concerns it.
  const shared = Object.keys(named('ConfigMap', 'tributary-settings').data ?? {});
  const given = Object.keys({ ...compose.services['cli']?.environment, ...podVariables('cli') });
  expect(given.filter((name) => !cliVariables.has(name) && !shared.includes(name))).toEqual([]);
  expect(given).toEqual(expect.arrayContaining(['TRIBUTARY_REDIS_URL', 'TRIBUTARY_KAFKA_BROKERS', 'TRIBUTARY_PARTITIONS']));
});

test.each([...ROLE_NAMES, 'cli'])('%s has an image, a compose service and a manifest', (role) => {
  expect(targets.get(role)?.from).toBe('app');
  expect(compose.services[role]?.build).toMatchObject({ target: role, dockerfile: 'infra/docker/Dockerfile' });
  const [container] = templateOf(role).spec.containers;
  expect(container.image).toBe(compose.services[role]?.image);
  expect(container.image).toMatch(new RegExp(`^tributary-${role}:\\d+\\.\\d+\\.\\d+$`));
});

test('law 7: the image starts a speed worker with the bounds on its heap that `npm start` gives it', () => {
  const bounds = NODE_FLAGS.speed.filter((flag) => flag !== '--expose-gc');
  expect(bounds.length).toBeGreaterThan(1);
  for (const flag of bounds) expect(targets.get('speed')?.body).toContain(`"${flag}"`);
});

test('law 7: the image starts an API and a collector with the bounds on their young memory that `npm start` gives them', () => {
  const boundsOf = (role: 'api' | 'collector') => NODE_FLAGS[role].filter((flag) => flag !== '--expose-gc');
  expect([boundsOf('api'), boundsOf('collector')].map(({ length }) => length)).toEqual([4, 1]);
  for (const role of ['api', 'collector'] as const)
    for (const flag of boundsOf(role)) expect(targets.get(role)?.body).toContain(`"${flag}"`);
});

test('programs that files and pages name are there, and the image has them', () => {
  const files = ['docker/compose.yaml', 'kubernetes/secrets.example.yaml', 'docker/Dockerfile'].map((file) =>
    textOf(`infra/${file}`),
  );
  const programs = [...files, textOf('docs/production.md'), textOf('README.md')].flatMap((text) => [
    ...text.matchAll(/\bnode ((?:infra|packages)\/[\w/-]+\.mjs)/g),
  ]);
  const names = [...new Set(programs.map(([, name = '']) => name))];
  expect(names.sort()).toEqual(['infra/docker/healthcheck.mjs', 'packages/cli/bin/tributary.mjs']);
  for (const name of names) expect([name, existsSync(join(REPOSITORY, name))]).toEqual([name, true]);
  expect(targets.get('app')?.body).toMatch(
    /COPY packages packages\n[\s\S]*COPY infra\/docker\/healthcheck\.mjs infra\/docker\/\n/,
  );
});

test.each([...ROLE_NAMES])('%s: one port in image, compose file and manifest, with the probes that it serves', (role) => {
  const variable = portVariable(role);
  const port = imageVariables(role)[variable];
  const { body = '' } = targets.get(role) ?? {};
  expect(body).toContain(`EXPOSE ${port}\n`);
  expect(body).toMatch(new RegExp(`HEALTHCHECK .* CMD node infra/docker/healthcheck.mjs "\\$${variable}"`));
  expect(/CMD \["node", .*"([^"]+)"\]\n/.exec(body)?.[1]).toBe(ENTRIES[role]);
  expect(compose.services[role]?.environment[variable]).toBe(port);
  for (const published of compose.services[role]?.ports ?? []) expect(published).toBe(`127.0.0.1:${port}:${port}`);

  const { metadata, spec } = templateOf(role);
  const [container] = spec.containers;
  expect(podVariables(role)).toMatchObject({ [variable]: port, TRIBUTARY_HOST: '0.0.0.0' });
  expect(container.ports).toEqual([{ name: 'http', containerPort: Number(port) }]);
  expect(container.startupProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
  expect(container.livenessProbe.httpGet).toEqual({ path: '/livez', port: 'http' });
  expect(container.readinessProbe.httpGet).toEqual({ path: '/readyz', port: 'http' });
  expect(metadata.annotations).toMatchObject({ 'prometheus.io/port': port, 'prometheus.io/path': '/metrics' });
  const service = ofKind('Service').find((candidate) => candidate.metadata.name === role);
  expect(service?.spec.ports).toEqual(
    role === 'collector' || role === 'api' ? [{ name: 'http', port: Number(port), targetPort: 'http' }] : undefined,
  );
});

test.each([...ROLE_NAMES])('%s has the time to drain, also after the pause in which proxies learn that it stops', (role) => {
  const drainMs = Number(
    /const DRAIN_MS = ([\d_]+);/.exec(textOf('packages/runtime/src/process/service.ts'))?.[1]?.replaceAll('_', ''),
  );
  expect(drainMs).toBeGreaterThan(0);
  const { spec } = templateOf(role);
  const pause = Number(spec.containers[0].lifecycle?.preStop.exec.command[1] ?? 0);
  expect(spec.terminationGracePeriodSeconds).toBeGreaterThanOrEqual(pause + drainMs / 1000 + 5);
});

test.each([...ROLE_NAMES, 'cli'])('%s runs without rights that it does not need', (role) => {
  const { spec } = templateOf(role);
  expect(spec.securityContext).toMatchObject({ runAsNonRoot: true, runAsUser: 1000, seccompProfile: { type: 'RuntimeDefault' } });
  expect(spec.containers[0].securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  // A variable such as TRIBUTARY_API_PORT=tcp://… must not come from the name of a Service.
  expect(spec.enableServiceLinks).toBe(false);
  expect(compose.services[role]?.read_only).toBe(true);
});

test.each([...ROLE_NAMES, 'cli'])('%s: what its manifest refers to is there', (role) => {
  const { spec, metadata } = templateOf(role);
  const [container] = spec.containers;
  for (const { configMapRef, secretRef } of container.envFrom) {
    if (configMapRef) named('ConfigMap', configMapRef.name);
    if (secretRef) named('Secret', secretRef.name);
  }
  for (const { configMap, secret, persistentVolumeClaim } of spec.volumes) {
    if (configMap) named('ConfigMap', configMap.name);
    if (secret) named('Secret', secret.secretName);
    if (persistentVolumeClaim) named('PersistentVolumeClaim', persistentVolumeClaim.claimName);
  }
  expect(container.volumeMounts.map(({ name }) => name).sort()).toEqual(spec.volumes.map(({ name }) => name).sort());
  const labels = { 'app.kubernetes.io/name': 'tributary', 'app.kubernetes.io/component': role };
  expect(metadata.labels).toEqual(labels);
  if (role === 'cli') return;
  expect(named('Deployment', role).spec.selector.matchLabels).toEqual(labels);
  expect(named('PodDisruptionBudget', role).spec).toEqual({ maxUnavailable: 1, selector: { matchLabels: labels } });
});

test.each([...ROLE_NAMES, 'cli'])('%s has the shared folder, to write but for collectors, which read the keys there', (role) => {
  const mayWrite = role !== 'collector';
  const [container] = templateOf(role).spec.containers;
  const mount = container.volumeMounts.find(({ mountPath }) => mountPath === '/var/lib/tributary');
  expect(mount).toMatchObject({ name: 'data' });
  expect(mount?.readOnly ?? false).toBe(!mayWrite);
  expect(compose.services[role]?.volumes).toEqual([mayWrite ? 'data:/var/lib/tributary' : 'data:/var/lib/tributary:ro']);
});

test('an autoscaler has a target, and speed workers never outnumber the partitions', () => {
  for (const { spec } of [...ofKind('HorizontalPodAutoscaler'), ...ofKind('ScaledObject')])
    named('Deployment', spec.scaleTargetRef.name);
  for (const { spec } of ofKind('HorizontalPodAutoscaler'))
    expect(named('Deployment', spec.scaleTargetRef.name).spec.replicas).toBeUndefined();
  const partitions = Number(named('ConfigMap', 'tributary-settings').data?.['TRIBUTARY_PARTITIONS']);
  expect(named('ScaledObject', 'speed').spec.maxReplicaCount).toBeLessThanOrEqual(partitions);
});

test('the network lets each role reach the log, the store, and be measured', () => {
  const ports = ofKind('NetworkPolicy')
    .find(({ metadata }) => metadata.name === 'from-monitoring')
    ?.spec.ingress[0].ports.map(({ port }: { port: number }) => port);
  expect(ports).toEqual(ROLE_NAMES.map((role) => Number(imageVariables(role)[portVariable(role)])).sort((a, b) => a - b));
  expect(named('NetworkPolicy', 'nothing-else').spec).toEqual({ podSelector: {}, policyTypes: ['Ingress', 'Egress'] });
});

test('memory is enough for what the settings allow', () => {
  const mib = (text: string) => Number(/^(\d+)/.exec(text)?.[1]) * (/g/i.test(text) ? 1024 : 1);
  const places = ROLE_NAMES.flatMap((role) => [
    { role, variables: podVariables(role), limit: mib(templateOf(role).spec.containers[0].resources.limits.memory) },
    { role, variables: compose.services[role]?.environment ?? {}, limit: mib(compose.services[role]?.mem_limit ?? '') },
  ]);
  for (const { role, variables, limit } of places) {
    const heap = (limit * Number(/percentage=(\d+)/.exec(targets.get(role)?.body ?? '')?.[1])) / 100;
    const needs: Readonly<Record<RoleName, number>> = {
      collector: 128 + Number(variables['TRIBUTARY_MAX_IN_FLIGHT_BYTES'] ?? 67_108_864) / 2 ** 20,
      // 200 bytes an event, all of them in the heap; beside it DuckDB, which reads the archive where the log lost entries.
      speed: Math.max(128 + (limit - heap) + (Number(variables['TRIBUTARY_CACHED_EVENTS']) * 200) / 2 ** 20, heap + 128 + 256),
      archiver: heap + mib(variables['TRIBUTARY_ARCHIVER_MEMORY'] ?? '') + 128,
      // A child for a run or a shard, and one for a question to the archive.
      recompute: 256 + 2 * (512 + 2 * Number(variables['TRIBUTARY_BATCH_MEMORY_MB'])),
      api: heap + 2 * Number(variables['TRIBUTARY_API_DUCKDB_MEMORY_MB'] ?? 256),
    };
    expect([role, limit >= needs[role], limit, needs[role]]).toEqual([role, true, limit, needs[role]]);
  }
});

test('the image installs what the lock file says, for production, and runs nothing on the way', () => {
  const { body = '' } = targets.get('dependencies') ?? {};
  expect(body).toMatch(/npm ci --omit=dev --ignore-scripts /);
  const workspaces = [...body.matchAll(/--workspace (\S+)/g)].map((match) => match[1] ?? '');
  expect(workspaces.sort()).toEqual(
    [...Object.values(ENTRIES).map((entry) => entry.replace('/src/main.ts', '')), 'packages/cli'].sort(),
  );
  for (const workspace of workspaces) expect(existsSync(join(REPOSITORY, workspace, 'package.json'))).toBe(true);
  expect(targets.get('app')?.body).toContain('USER 1000:1000');
});

test('images are pinned by version, Node to the one that the code needs', () => {
  const bases = [...dockerfile.matchAll(/^FROM (\S+)/gm)].map((match) => match[1] ?? '').filter((image) => !targets.has(image));
  expect(bases).toEqual([expect.stringMatching(/^node:24\.\d+\.\d+-/)]);
  for (const { image } of Object.values(compose.services)) expect(image).toMatch(/:v?\d+\.\d+\.\d+(-\w+)?$/);
});

test('kustomize applies every manifest but the example and what needs an operator', () => {
  const { resources: applied } = parse(textOf(`${KUBERNETES}/kustomization.yaml`)) as { resources: string[] };
  expect([...applied].sort()).toEqual(manifestFiles.filter((file) => !/\.(example|keda)\.yaml$/.test(file)).sort());
});

/** Environment name → type, of a role, as `--help` prints them. */
function settingsOf(entry: string): ReadonlyMap<string, string> {
  const help = execFileSync(process.execPath, [entry, '--help'], { cwd: REPOSITORY, encoding: 'utf8' });
  return new Map([...help.matchAll(/<(\w+)>\s+(TRIBUTARY_\w+)/g)].map(([, type = '', name = '']) => [name, type]));
}

function imageVariables(role: string): Variables {
  const body = `${targets.get('app')?.body}\n${targets.get(role)?.body}`;
  const lines = [...body.matchAll(/^ENV (.*)$/gm)].map((match) => match[1] ?? '');
  return Object.fromEntries(
    lines.flatMap((line) => [...line.matchAll(/(\w+)=(\S+)/g)].map(([, name = '', value = '']) => [name, value])),
  );
}

function podVariables(role: string): Variables {
  const [container] = templateOf(role).spec.containers;
  const shared = container.envFrom.map(({ configMapRef, secretRef }) =>
    configMapRef ? named('ConfigMap', configMapRef.name).data : named('Secret', secretRef?.name ?? '').stringData,
  );
  return Object.assign({}, ...shared, Object.fromEntries(container.env.map(({ name, value }) => [name, value])));
}

/** The variable of the port on which a role answers its probes. */
function portVariable(role: RoleName): string {
  return role === 'collector' || role === 'api' ? `TRIBUTARY_${role.toUpperCase()}_PORT` : 'TRIBUTARY_HEALTH_PORT';
}
