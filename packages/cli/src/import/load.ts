/** Checks events, batches them and sends them; without a sender it only checks. */
import { validateEvent } from '@tributary/model/validate-event';
import { createBatcher } from './batches.ts';
import type { ImportEvent } from './import-event.ts';
import { SAMPLED } from './kept-before.ts';
import type { Sender, SendTotals } from './sender.ts';

export interface Load {
  add(event: ImportEvent): Promise<void>;
  /** null: nothing was sent, on purpose. */
  finish(): Promise<Loaded | null>;
}

export interface Loaded extends SendTotals {
  /** How a row that the platform had already differs from this file; null: none is known to. */
  readonly keptBefore: string | null;
}

/** `compare`: asked with the first events, before they are sent. */
export function createLoad(sender: Sender | null, compare: (first: readonly ImportEvent[]) => Promise<string | null>): Load {
  const batcher = createBatcher();
  const first: ImportEvent[] = [];
  let compared: Promise<string | null> | undefined;
  return {
    async add(event) {
      if (sender === null) return;
      if (first.length < SAMPLED) first.push(event);
      const batch = batcher.add(event);
      if (batch === null) return;
      await (compared ??= compare(first));
      await sender.send(batch);
    },
    async finish() {
      if (sender === null) return null;
      const keptBefore = await (compared ??= compare(first));
      const last = batcher.end();
      if (last !== null) await sender.send(last);
      return { ...(await sender.finish()), keptBefore };
    },
  };
}

/** Why the collector would reject the event; null when it would not. Found here, it is named by line. */
export function objectionTo(event: ImportEvent, nowMs: number): string | null {
  const checked = validateEvent({ ...event, receivedAt: nowMs });
  return checked.ok ? null : checked.message;
}
