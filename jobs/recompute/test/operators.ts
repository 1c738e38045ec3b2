/** Operators of a world at random: what each of them may do at any moment, and what every answer is held against. */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { listGenerations, readGeneration } from '@tributary/archive/generations';
import { currentPublication, demandComputed, publish } from '@tributary/archive/publications';
import { discardStaged } from '@tributary/archive/retire';
import { stagedOf } from '@tributary/archive/staged';
import { type Definitions, storedDefinitions } from '@tributary/model/definitions';
import { TributaryError } from '@tributary/model/errors';
import { HOUR_MS } from '@tributary/model/time';
import { clearCancelled } from '@tributary/recompute/cancel';
import { STAGES, type Stage } from '@tributary/recompute/ports';
import type { Reconciliation } from '@tributary/recompute/reconcile/report';
import type { Run } from '@tributary/recompute/run';
import { createServing } from '@tributary/serving/serving';
import type { ServingContext } from '@tributary/serving/snapshot';
import { takeSnapshot } from '@tributary/serving/snapshot';
import { generateEvents } from '@tributary/testkit/inputs/generate';
import {
  changeCorrections,
  changeDefinitions,
  generateDefinitions,
  sha256Hex,
} from '@tributary/testkit/inputs/generate-definitions';
import { withErasures } from '@tributary/testkit/inputs/generate-erasures';
import { createRandom } from '@tributary/testkit/inputs/random';
import { differences } from '@tributary/testkit/oracle/compare-rows';
import { createLedger, type Ledger } from '@tributary/testkit/simulation/ledger';
import { addRowsByView, type RowsByView } from '@tributary/views/deltas';
import { VIEWS } from '@tributary/views/registry';
import { demandWhole, sourceOf } from './operator-readers.ts';
import { askToRetire, demandNamed, lacksRetired, nowOf, putBackElsewhere, rowsRetired, withOld } from './operator-retirements.ts';
import { asRun, createWorld, PARTITIONS, type World } from './world.ts';

const parse = (json: string) => storedDefinitions(json, sha256Hex);
/** As often as they are named. */
const MOVES =
  'ingest ingest ingest ingest turn turn run run run run run run retry publish publish rollback rollback discard edit wait down restart lose folder'.split(
    ' ',
  );
/** `other`: another run, whole. */
const BESIDE = [
  'ingest',
  'turn',
  'publish',
  'publish',
  'rollback',
  'rollback',
  'discard',
  'other',
  'other',
  'retry',
  'edit',
  'lose',
] as const;
const EVERYTHING = { days: { fromDay: null, toDay: null }, equal: {} };

export interface OperatorOptions {
  readonly steps?: number;
  readonly store?: boolean;
  readonly folder?: boolean;
  readonly rules?: boolean;
  /** No definitions change. */
  readonly calm?: boolean;
  readonly erases?: boolean;
  /** What came long before the rest is retired, and the folder copied and put back elsewhere; all that manifests name is there after each step. */
  readonly retires?: boolean;
}

export async function operate(seed: number, options: OperatorOptions = {}): Promise<Record<string, number>> {
  const random = createRandom(seed);
  const {
    steps = 25,
    store: losesStore = true,
    folder: losesFolder = false,
    rules: changesRules = true,
    calm = false,
    erases = false,
    retires = false,
  } = options;
  const initial = generateDefinitions(random);
  const lateChance = random.pick([0, 0.15]);
  const generated = generateEvents(random, { events: 160, users: 5, lateChance, duplicateChance: 0.1, restamps: false }, initial);
  const sentFirst = retires ? withOld(generated) : generated;
  const events = erases ? withErasures(sentFirst, seed) : sentFirst;
  let world = await createWorld(initial);
  if (retires) world.advance(nowOf(events));
  const ledgers: Ledger[] = Array.from({ length: PARTITIONS }, () => createLedger(initial, parse, PARTITIONS));
  const noted = new Array<number>(PARTITIONS).fill(0);
  let file: Definitions | null = random.chance(0.5) ? initial : null;
  let sent = 0;
  let clockMs = Date.UTC(2027, 0, 1);
  const trace: string[] = [];
  const counts: Record<string, number> = {};
  const count = (what: string) => (counts[what] = (counts[what] ?? 0) + 1);
  const say = (line: string) => {
    trace.push(line);
  };
  const seenReports = new Set<string>();
  const unfinished: (Run & { begun: Run['begun'] })[] = [];
  let snapshots: unknown[] | null = null;
  let backup: string | null = null;
  let folderWasLost = false;

  const readerOf = (of: World): ServingContext =>
    createServing({
      partitions: PARTITIONS,
      store: of.serving,
      source: sourceOf(of),
      logReach: { ends: () => of.log.ends(), starts: () => of.log.starts(), ageAfter: async () => new Map() },
      storedDefinitions: parse,
      defaultDefinitions: initial,
      now: () => (clockMs += 10_000),
      limits: { patienceMs: 1e15, freshMs: 600_000, staleMs: 1e15 },
      onWarning: () => {},
    });
  let reader = readerOf(world);

  const noteLog = () => {
    for (const [partition, { entries }] of world.log.disk.partitions.entries()) {
      ledgers[partition]?.note(entries.slice(noted[partition]));
      noted[partition] = entries.length;
    }
  };

  async function check(of: ServingContext, who: string, layer: 'merged' | 'staged'): Promise<boolean> {
    let snapshot: Awaited<ReturnType<typeof takeSnapshot>>;
    try {
      await of.generations.refresh();
      await of.board.poll();
      snapshot = await takeSnapshot(of, VIEWS, layer);
    } catch (error) {
      if (!(error instanceof TributaryError)) throw error;
      if (error.code === 'internal') throw error;
      count(`${layer}: ${error.code}`);
      return false;
    }
    noteLog();
    // Which days are asked for decides what retirement took from the answer.
    const rows: RowsByView = new Map(
      VIEWS.map((view) => [view.name, snapshot.project(view, { ...EVERYTHING, by: view.dimensions })]),
    );
    const { generation, complete, pending } = snapshot.meta();
    if (!complete) {
      count(`${layer}: incomplete`);
      return false;
    }
    const manifest = generation === 0 ? null : await readGeneration(world.dataDir, generation);
    const expected: RowsByView = new Map();
    let [from, to] = [0, 0];
    for (let partition = 0; partition < PARTITIONS; partition++) {
      const own = (ledgers[partition] as Ledger).expected(
        generation,
        snapshot.states[partition]?.position ?? null,
        manifest?.cut[partition],
      );
      if (own.mixed) throw new Error(`law 7: ${who} ${layer}: complete though rows are by two definitions, g${generation}`);
      addRowsByView(expected, own.rows);
      from += own.pendingFrom;
      to += own.pendingTo;
    }
    const wrong = differences(rows, expected);
    if (wrong.length > 0) throw new Error(`law 1: ${who} ${layer} g${generation}:\n  ${wrong.slice(0, 8).join('\n  ')}`);
    if (pending < from || pending > to)
      throw new Error(`law 8: ${who} ${layer} g${generation}: ${pending} pending, expected ${from} to ${to}`);
    count(`${layer}: complete`);
    return true;
  }

  async function checkReports(): Promise<void> {
    for (const generation of await listGenerations(world.dataDir)) {
      if (seenReports.has(`${generation}`)) continue;
      const report: Reconciliation | null = await world.reconciliation(generation).catch(() => null);
      if (report === null) continue;
      seenReports.add(`${generation}`);
      if (report.failure !== undefined) {
        count('report failed');
        say(`    report of g${generation} failed: ${report.failure}`);
        continue;
      }
      count(`report ${report.equal ? 'equal' : report.engineDefectRows === null ? 'unsure' : 'sure'}`);
      if ((report.engineDefectRows ?? 0) > 0)
        throw new Error(
          `law 8: engine defect of g${generation} against g${report.comparedWith}: ${JSON.stringify(Object.values(report.views).flatMap((v) => v.rows.filter((r) => r.classes.engineDefect))).slice(0, 900)} because ${JSON.stringify(report.because)}`,
        );
      demandWhole(report);
    }
  }

  const ports = () => ({
    configuredDefinitions: async () => file,
    limits: { ...world.ports.limits, keepGenerations: 2, keepForMs: random.pick([0, HOUR_MS, 24 * HOUR_MS]) },
  });
  const conflictsOnly = (error: unknown) => {
    if (error instanceof TributaryError && error.code !== 'internal') return error;
    throw error;
  };

  const operations: Record<string, () => Promise<string>> = {
    async ingest() {
      const many = random.between(1, 15);
      await world.ingest(events.slice(sent, sent + many));
      sent += many;
      return `${many}`;
    },
    async turn() {
      await world.turn();
      return '';
    },
    async run() {
      const more = aRun();
      const cancel = new AbortController();
      const run = asRun({ ...more, end: async () => cancel.signal.throwIfAborted() });
      const how = random.pick([
        'whole',
        'whole',
        'whole',
        'dies',
        'dies',
        'cancelled',
        'two',
        'beside',
        'beside',
        'beside',
      ] as const);
      const said = `${how} ${JSON.stringify({ ...more, definitions: more.definitions && 'others', shards: more.shards && true })}`;
      if (how === 'whole') return `${said}: ${await outcomeOf(world.run(run, ports()))}`;
      if (how === 'two') {
        const other = asRun(aRun());
        const both = [world.run(run, ports()), world.run(other, ports())].map(outcomeOf);
        return `${said} and ${JSON.stringify({ ...other, definitions: other.definitions && 'others', shards: undefined })}: ${(await Promise.all(both)).join(', ')}`;
      }
      const stage = random.pick(STAGES);
      if (how === 'beside') {
        // Somebody else acts while the run is between two of its steps.
        const acts = Array.from({ length: random.between(1, 3) }, () => random.pick(BESIDE));
        const done: string[] = [];
        const reached = async (at: Stage) => {
          if (at !== stage) return;
          for (const act of acts.splice(0)) {
            done.push(`${act} ${await (operations[act] as () => Promise<string>)()}`);
            await check(readerOf(world), 'a reader beside', 'merged');
          }
        };
        const ended = await outcomeOf(world.run(run, { ...ports(), reached }));
        return `${said} at ${stage} [${done.join('; ')}]: ${ended}`;
      }
      if (how === 'cancelled') {
        const reached = (at: Stage) => {
          if (at === stage) cancel.abort(new Error('cancelled'));
        };
        const ended = await world.run(run, { ...ports(), reached }, cancel.signal).then(JSON.stringify, (error: Error) => error);
        if (ended instanceof Error && cancel.signal.aborted && STAGES.indexOf(stage) < STAGES.indexOf('decided'))
          await clearCancelled(run.begun, { by: 'ana', why: null }, world.ports);
        return `${said} at ${stage}: ${ended instanceof Error ? ended.message : 'too late'}`;
      }
      const dying = Promise.withResolvers<'died'>();
      const reached = (at: Stage) => {
        if (at !== stage) return;
        dying.resolve('died');
        return new Promise<void>(() => {});
      };
      const ended = await Promise.race([dying.promise, outcomeOf(world.run(run, { ...ports(), reached }))]);
      unfinished.push(run as never);
      return `${said} at ${stage}: ${ended}`;
    },
    async other() {
      const more = aRun();
      return `${JSON.stringify({ ...more, definitions: more.definitions && 'others', shards: undefined })}: ${await outcomeOf(world.run(asRun(more), ports()))}`;
    },
    async retry() {
      const run = unfinished.splice(random.below(Math.max(1, unfinished.length)), 1)[0];
      if (run === undefined) return 'none';
      return `g${run.begun?.generation}: ${await outcomeOf(world.run({ ...run }, ports()))}`;
    },
    async publish() {
      return byHand('publish');
    },
    async rollback() {
      return byHand('rollback');
    },
    async discard() {
      const staged = stagedOf(await sourceOf(world).manifests(), await currentPublication(world.dataDir));
      if (staged === null) return 'none';
      const pointer = await world.serving.pointer();
      const newest = await currentPublication(world.dataDir);
      const draft = { generation: staged.generation, at: world.memory.nowMs(), by: 'ana' };
      return discardStaged(world.dataDir, newest?.sequence ?? 0, draft, pointer?.sequence ?? 0).then(
        () => `g${staged.generation}`,
        (error) => conflictsOnly(error).message,
      );
    },
    async edit() {
      file = calm ? initial : random.chance(0.2) ? null : otherDefinitions();
      return file === null ? 'no file' : file.version;
    },
    async wait() {
      world.advance(random.pick([1_000, HOUR_MS, 25 * HOUR_MS]));
      return '';
    },
    async down() {
      world.down.speed = random.chance(0.4);
      world.down.archiver = random.chance(0.2);
      return JSON.stringify(world.down);
    },
    async restart() {
      const before = world;
      world = await createWorld(initial, before);
      await before.close();
      reader = readerOf(world);
      return '';
    },
    retire: () => askToRetire(world, initial),
    backup: () => putBackElsewhere(world.dataDir),
    async lose() {
      if (!losesStore) return 'never';
      if (snapshots === null || random.chance(0.4)) {
        snapshots = Array.from({ length: PARTITIONS }, (_, partition) => world.store.snapshot(partition));
        return 'remembered';
      }
      const which = random.pick(['some', 'all'] as const);
      for (const [partition, stored] of snapshots.entries())
        if (which === 'all' || random.chance(0.5)) world.store.restore(partition, stored);
      snapshots = null;
      return which;
    },
    async folder() {
      if (!losesFolder) return 'never';
      const generations = join(world.dataDir, 'generations');
      if (backup === null) {
        backup = `${world.dataDir}-backup`;
        await cp(generations, backup, { recursive: true, preserveTimestamps: true }).catch(() => (backup = null));
        return 'backed up';
      }
      await rm(generations, { recursive: true, force: true });
      await cp(backup, generations, { recursive: true, preserveTimestamps: true });
      await rm(backup, { recursive: true, force: true });
      backup = null;
      reader = readerOf(world);
      folderWasLost = true;
      seenReports.clear();
      return 'restored';
    },
  };

  try {
    if (retires) {
      sent = events.length >> 1;
      await world.ingest(events.slice(0, sent));
      say(
        `the old half: ${await outcomeOf(world.run(asRun({ scheduled: false }), ports()))}, ${await askToRetire(world, initial)}`,
      );
    }
    for (let step = 0; step < steps; step++) {
      const name = retires && random.chance(0.25) ? random.pick(['retire', 'backup'] as const) : random.pick(MOVES);
      const said = await (operations[name] as () => Promise<string>)();
      say(`${step} ${name} ${said}`);
      noteLog();
      if (retires) await demandNamed(world.dataDir);
      await check(reader, 'a reader', 'merged');
      await check(readerOf(world), 'a fresh reader', 'merged');
      if (random.chance(0.3)) await check(readerOf(world), 'a fresh reader', 'staged');
      await checkReports();
    }
    // Then calm: whatever happened, a run by hand is exact for all that came.
    world.down.speed = false;
    world.down.archiver = false;
    await world.ingest(events.slice(sent));
    await world.turn();
    const last = await world.run(asRun({ scheduled: false, mode: random.pick(['incremental', 'full']) }), ports());
    say(`calm: g${last.generation} ${last.published}`);
    if (last.published !== 'published' && last.published !== 'nothing_new') throw new Error(`a stall: ${last.published}`);
    await world.turn();
    for (const [who, of] of [
      ['a reader', reader],
      ['a fresh reader', readerOf(world)],
    ] as const)
      if (!(await check(of, who, 'merged')) && !folderWasLost && !(await lacksRetired(world)))
        throw new Error(`law 7: ${who} is incomplete when all is calm`);
    await checkReports();
    if (retires) counts['rows retired'] = await rowsRetired(world.dataDir);
  } catch (error) {
    throw new Error(
      `seed ${seed}: ${(error as Error).message}\n${trace.join('\n')}\n${(error as Error).stack
        ?.split('\n')
        .filter((l) => l.includes('    at '))
        .slice(0, 4)
        .join('\n')}`,
    );
  } finally {
    await world.close();
    if (backup !== null) await rm(backup, { recursive: true, force: true });
  }

  function otherDefinitions(): Definitions {
    const newest = (file ?? initial) as Definitions;
    return changesRules && random.chance(0.3) ? changeDefinitions(random, newest, 'same') : changeCorrections(random, newest);
  }

  function aRun(): Partial<Run> {
    const promotion = random.pick([undefined, undefined, 'ask', { below: random.pick([0.001, 0.5]) }] as const);
    const definitions = !calm && promotion === undefined && random.chance(0.3) ? otherDefinitions().json : null;
    return {
      mode: random.pick(['incremental', 'incremental', 'full']),
      scheduled: promotion === undefined && definitions === null && random.chance(0.6),
      definitions,
      ...(promotion !== undefined && { promotion }),
      ...(random.chance(0.15) && { shards: world.flow }),
    };
  }
  function outcomeOf(running: Promise<{ generation: number; published: string }>): Promise<string> {
    return running.then(
      ({ generation, published }) => {
        count(`run ${published}`);
        return `g${generation} ${published}`;
      },
      (error: unknown) => {
        count(`run ${conflictsOnly(error).code}`);
        return conflictsOnly(error).message;
      },
    );
  }
  async function byHand(action: 'publish' | 'rollback'): Promise<string> {
    const manifests = await sourceOf(world).manifests();
    if (manifests.length === 0) return 'none';
    const manifest = random.pick(manifests.slice(0, 6));
    const { generation } = manifest;
    try {
      const pointer = await world.serving.pointer();
      const newest = await currentPublication(world.dataDir);
      if (newest?.generation === generation && newest.held === (action === 'rollback')) return 'as it is';
      if (action === 'rollback' && (newest === null || generation >= newest.generation)) return 'not older';
      demandComputed(manifest);
      await world.serving.deltas([], generation);
      await sourceOf(world).viewRows(manifest);
      const draft = { generation, action, held: action === 'rollback', at: world.memory.nowMs(), by: 'ana' };
      const published = await publish(world.dataDir, newest?.sequence ?? 0, draft, pointer?.sequence ?? 0);
      await world.serving.setPointer({ sequence: published.sequence, generation });
      count(action);
      return `g${generation}`;
    } catch (error) {
      count(`${action} ${conflictsOnly(error).code}`);
      return `g${generation}: ${conflictsOnly(error).message}`;
    }
  }
  return counts;
}
