/**
 * From a line of the stream to an intervention:
 *
 *   line ─▶ rule of its kind ─▶ known by id? too old? within the cooldown? ─▶ values hold? ─▶ noted in the journal ─▶ event in the log ─▶ webhook
 *
 * The id is made of user, rule and what is answered to, so a line that comes again, after a crash or from a publisher that died, finds its decision: it is
 * carried on where it was, and never made again. The event has the same id, and counts once (law 3).
 */
import { createHash } from 'node:crypto';
import { EVENT_TYPE, type InterventionRule, type Values } from '@tributary/signals/interventions/rules';
import type { Delivery, Fate } from './delivery.ts';
import type { Journal } from './journal.ts';
import type { OutputLine, StreamEvent } from './lines.ts';
import type { UnderWay } from './under-way.ts';
import { type Outcome, secretOf } from './webhook.ts';

/** Why a line was passed over. */
export type Pass = 'repeated' | 'too-old' | 'cooldown' | 'condition' | 'not-known';

export interface Done {
  readonly intervention: string;
  readonly id: string;
  /** `recorded`: it has no webhook. `rejected`: the collector rejected its event, and no webhook was called. */
  readonly fate: Fate | 'recorded' | 'rejected';
  readonly attempts: number;
  readonly why: string;
}

export interface Acting {
  readonly rules: readonly InterventionRule[];
  readonly journal: Journal;
  readonly delivery: Delivery;
  readonly underWay: UnderWay;
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly now: () => number;
  /** null: they are not known, as records do not reach back. */
  values(userKey: string, signals: readonly string[]): Promise<Values | null>;
  /** False: it was rejected. */
  record(event: object): Promise<boolean>;
  /** Whether anything of the user is stored; null: that is not known now. */
  isStored(userKey: string): Promise<boolean | null>;
  post(call: { url: string; id: string; body: string; secret: Buffer; atMs: number }): Promise<Outcome>;
  onDone(done: Done): void;
  onPass(why: Pass): void;
}

/** What the stream says of a user who was erased, behind all that it said of them before. */
export const ERASED = 'user.erased';

/** Where the stream stands, and what of it is not finished. */
export interface Progress {
  passed(step: Step): void;
  /** What is finished leaves the queue. */
  advance(isLast?: boolean): void;
}

export interface Step {
  place: string;
  open: number;
}

const CURSOR_EVERY_MS = 1_000;

/** Steps with open jobs alone are held: as many as there are jobs. */
export function createProgress({ journal, now }: Pick<Acting, 'journal' | 'now'>): Progress {
  const steps: Step[] = [];
  let cursor = journal.cursor;
  let movedAt = Number.NEGATIVE_INFINITY;
  return {
    passed(step) {
      const last = steps.at(-1);
      if (step.open > 0) steps.push(step);
      else if (last === undefined) cursor = step.place;
      else last.place = step.place;
    },
    advance(isLast = false) {
      while (steps[0]?.open === 0) cursor = (steps.shift() as Step).place;
      if (cursor === journal.cursor || (!isLast && now() - movedAt < CURSOR_EVERY_MS)) return;
      movedAt = now();
      journal.moveTo(cursor);
    },
  };
}

/** Resolves once each rule has decided, and its event is in the log. */
export async function take({ id: place, line }: StreamEvent, acting: Acting, progress: Progress): Promise<void> {
  const step: Step = { place, open: 0 };
  if (line?.type === ERASED) acting.underWay.erase(String(line.data['userKey']));
  const lines = line === null ? [] : acting.rules.filter((rule) => answersTo(rule, line));
  for (const rule of lines) await answer(rule, line as OutputLine, step, acting, progress);
  progress.passed(step);
  progress.advance();
}

function answersTo({ kind, of }: InterventionRule, { type, data }: OutputLine): boolean {
  return type === kind && typeof data['userKey'] === 'string' && typeof data['ts'] === 'number' && subjectOf(data) === of;
}

type Data = OutputLine['data'];

function subjectOf({ segment, session, conversion, event }: Data): unknown {
  return segment ?? session ?? typeIn(conversion) ?? typeIn(event);
}

function typeIn(of: unknown): unknown {
  return (of as { readonly type?: unknown } | undefined)?.type;
}

/** What is answered to, once: a conversion whatever is said of it later, an event, an instant. */
function targetOf({ conversion, event, id, ts }: Data): unknown {
  if (conversion !== undefined) return (conversion as { readonly id?: unknown }).id;
  return event === undefined ? ts : id;
}

export function idOf(rule: Pick<InterventionRule, 'name' | 'version'>, data: Data): string {
  const parts = [data['userKey'], rule.name, rule.version, targetOf(data)];
  return createHash('sha256').update(JSON.stringify(parts)).digest('hex').slice(0, 32);
}

async function answer(
  rule: InterventionRule,
  { data }: OutputLine,
  step: Step,
  acting: Acting,
  progress: Progress,
): Promise<void> {
  const { journal, now } = acting;
  const userKey = data['userKey'] as string;
  const id = idOf(rule, data);
  const state = journal.state(id);
  if (state === 'finished' || acting.underWay.has(id)) return acting.onPass('repeated');
  if (state === 'unknown') {
    if (now() - (data['ts'] as number) > rule.withinMs) return acting.onPass('too-old');
    const last = journal.lastAt(rule.name, userKey);
    if (last !== undefined && now() - last < rule.cooldownMs) return acting.onPass('cooldown');
  }
  const values = rule.signals.length === 0 ? {} : await acting.values(userKey, rule.signals);
  if (state === 'unknown') {
    if (values === null) return acting.onPass('not-known');
    if (!rule.holds(values)) return acting.onPass('condition');
    journal.decide(id, rule.name, userKey, now());
  }
  const atMs = now();
  const done = (fate: Done['fate'], attempts = 0, why = '') => {
    journal.finish(id);
    acting.onDone({ intervention: rule.name, id, fate, attempts, why });
  };
  const said = { intervention: rule.name, version: rule.version, on: rule.kind, of: rule.of };
  // The line says no more than the key: with `userId` it would claim that the key of a visitor is that of a known user.
  const event = { id, type: EVENT_TYPE, anonymousId: userKey, ts: atMs, properties: { ...said, cause: data['id'] } };
  if (!(await acting.record(event))) return done('rejected', 0, 'the collector rejected its event');
  const { webhook } = rule;
  if (webhook === null) return done('recorded');
  const body = JSON.stringify({ type: EVENT_TYPE, id, userKey, at: atMs, ...said, cause: data, values: values ?? {} });
  const secret = secretOf(acting.env[webhook.secret]) as Buffer;
  step.open += 1;
  const call = acting.underWay.begin(id, userKey);
  acting.delivery.add({
    id,
    receiver: rule.name,
    bytes: Buffer.byteLength(body),
    atMs,
    async send() {
      if (call.isErased) return { kind: 'erased', why: 'the user was erased meanwhile' };
      // The stream leaves out lines of erased users as of when it sent them: this one has waited since, in sockets too, for a time that is not known.
      const isStored = await acting.isStored(userKey);
      if (isStored === null) return { kind: 'unknown', why: 'whether the user was erased meanwhile is not known' };
      // Erased, lifted and stored again within this look.
      if (!isStored || call.isErased) return { kind: 'erased', why: 'the user was erased meanwhile' };
      return acting.post({ url: webhook.url, id, body, secret, atMs: now() });
    },
    finished(fate, attempts, why) {
      done(fate, attempts, why);
      acting.underWay.end(id);
      step.open -= 1;
      progress.advance();
    },
  });
}
