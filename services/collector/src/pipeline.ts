/**
 * The way of one request:
 *
 *   body bytes ──prepare──▶ lines by partition + rejections ──gate──▶ append each partition ──all durable──▶ answer
 *
 * Steps return outcomes; only this driver has effects. Law 6: it answers 2xx only after every append has resolved. When
 * one append of several fails, all is answered 503: the client sends all again, and what was written already is
 * recognised by its id (law 3).
 */
import type { EventLog } from '@tributary/log/port';
import { ERRORS, type ErrorCode, TributaryError } from '@tributary/model/errors';
import type { Invalid } from '@tributary/model/refusal';
import { type Answer, accepted, problem, strictlyRefused } from './answer.ts';
import type { Lease } from './bodies/gate.ts';
import { overloaded } from './bodies/read-body.ts';
import type { Rejections } from './checks/rejections.ts';
import { ruleText } from './checks/sample.ts';
import type { CollectorMetrics } from './metrics.ts';
import { NO_NAMES } from './names/names.ts';
import { type Delivery, type Prepared, prepare, type Surroundings } from './prepare.ts';

export interface Collector extends Surroundings {
  readonly log: EventLog;
  readonly metrics: CollectorMetrics;
  readonly rejections: Pick<Rejections, 'note'>;
  readonly onAppendFailed: (error: unknown) => void;
}

export interface Manner {
  /** `X-Strict-Mode`: one rejected event refuses the request. */
  readonly strict: boolean;
  /** `/v1/validate`: check, write nothing. */
  readonly checkOnly: boolean;
}

export async function ingest(delivery: Delivery, manner: Manner, lease: Lease, collector: Collector): Promise<Answer> {
  const prepared = prepare(delivery, manner.checkOnly ? { ...collector, names: NO_NAMES } : collector);
  if (!prepared.ok) {
    const { keyId = delivery.sender?.grant.keyId ?? null, beyondRate: isOfKey = false } = prepared;
    return { ...refuse({ refusal: prepared, keyId, origin: delivery.origin }, collector), isOfKey };
  }
  const { claim, entries, accepted: count, rejected, reasons, keyId, bytes, folded } = prepared.value;
  for (const { code } of rejected) collector.metrics.rejected.inc({ code });
  if (!manner.checkOnly)
    for (const one of reasons) collector.rejections.note(one.code, keyId, { ...one, origin: delivery.origin });
  if (manner.strict && rejected.length > 0) {
    claim.giveBack();
    return strictlyRefused(rejected);
  }
  if (manner.checkOnly) return accepted(count, rejected, prepared.value);
  // Where the key stood in the body or the URL, it was unknown whose request this is.
  lease.giveTo(keyId);
  // The body stays in memory until the answer, so it goes on counting.
  const hasRoom = lease.hold(delivery.bytes.length + bytes, count);
  const refusal = hasRoom ? await appendAll(entries, collector) : overloaded();
  if (refusal !== undefined) {
    claim.giveBack();
    return refuse({ refusal, keyId, origin: delivery.origin }, collector);
  }
  claim.keep();
  collector.metrics.accepted.inc(count);
  for (const [dimension, events] of folded) collector.metrics.folded.inc({ dimension }, events);
  return accepted(count, rejected, prepared.value);
}

/** Nothing that the sender did wrong. */
interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
}

/** A request that is refused whole, and who sent it. */
interface RefusedRequest {
  readonly refusal: Invalid | Failure;
  readonly keyId: string | null;
  readonly origin: string | undefined;
}

/** Why not every entry is known to be durable; undefined when all are. Settles only after every append has. */
async function appendAll(
  entries: Prepared['entries'],
  { log, metrics, onAppendFailed }: Collector,
): Promise<Failure | undefined> {
  if (entries.length === 0) return undefined;
  const stop = metrics.appendSeconds.startTimer();
  const appends = entries.map(({ partition, body }) => log.append(partition, { kind: 'events', body }));
  const failed = (await Promise.allSettled(appends)).filter((append) => append.status === 'rejected');
  stop();
  if (failed.length === 0) return undefined;
  onAppendFailed(failed[0]?.reason);
  const needed = failed.map(({ reason }) => reason as unknown).find(needsOperator);
  if (needed !== undefined) return { code: needed.code, message: `${needed.message}; nothing of the request is acknowledged` };
  const message = `${failed.length} of ${entries.length} appends to the log failed; nothing of the request is acknowledged`;
  return { code: failed.every(({ reason }) => isOverload(reason)) ? 'overloaded' : 'log_unavailable', message };
}

/** The log's own queue is full: it will take the same request a little later. */
function isOverload(reason: unknown): boolean {
  return reason instanceof TributaryError && reason.code === 'overloaded';
}

/** The disk of the log is nearly full, or another log is in its place: the names and figures are what an operator needs. */
function needsOperator(reason: unknown): reason is TributaryError {
  return reason instanceof TributaryError && (reason.code === 'disk_full' || reason.code === 'log_recreated');
}

function refuse(refused: RefusedRequest, collector: Collector): Answer {
  noteRefusal(refused, collector);
  return problem(refused.refusal.code, refused.refusal.message);
}

/** Notes a request that is refused whole. What the same request will not meet a little later is worth a row of the rejections. */
export function noteRefusal({ refusal, keyId, origin }: RefusedRequest, { metrics, rejections }: Collector): void {
  const { code } = refusal;
  metrics.refused.inc({ code });
  const { status } = ERRORS[code];
  if (!('must' in refusal) || status >= 500 || status === 429) return;
  rejections.note(code, keyId, { count: 1, rule: ruleText(refusal), origin });
}
