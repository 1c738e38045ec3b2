/** Checks events, batches them and sends them; without a sender it only checks. */
import { validateEvent } from '@tributary/model/reading/validate-event';
import type { ImportEvent } from '../events/import-event.ts';
import { createSample, type Sample } from '../events/sample.ts';
import { createBatcher } from './batches.ts';
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

/** `compare`: asked with some of the first events, before any is sent; what it throws ends the import. */
export function createLoad(sender: Sender | null, compare: (sample: Sample) => Promise<string | null>): Load {
  const batcher = createBatcher();
  const sample = createSample();
  let compared: Promise<string | null> | undefined;
  return {
    async add(event) {
      if (sender === null) return;
      if (compared === undefined) sample.add(event);
      const batch = batcher.add(event);
      if (batch === null) return;
      await (compared ??= compare(sample));
      await sender.send(batch);
    },
    async finish() {
      if (sender === null) return null;
      const keptBefore = await (compared ??= compare(sample));
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
