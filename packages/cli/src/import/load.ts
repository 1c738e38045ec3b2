/** Checks events, batches them and sends them; without a sender it only checks. */
import { validateEvent } from '@tributary/model/validate-event';
import { createBatcher } from './batches.ts';
import type { ImportEvent } from './import-event.ts';
import type { Sender, SendTotals } from './sender.ts';

export interface Load {
  add(event: ImportEvent): Promise<void>;
  /** null: nothing was sent, on purpose. */
  finish(): Promise<SendTotals | null>;
}

export function createLoad(sender: Sender | null): Load {
  const batcher = createBatcher();
  return {
    async add(event) {
      if (sender === null) return;
      const batch = batcher.add(event);
      if (batch !== null) await sender.send(batch);
    },
    async finish() {
      if (sender === null) return null;
      const last = batcher.end();
      if (last !== null) await sender.send(last);
      return sender.finish();
    },
  };
}

/** Why the collector would reject the event; null when it would not. Found here, it can be told by line. */
export function objectionTo(event: ImportEvent, nowMs: number): string | null {
  const checked = validateEvent({ ...event, receivedAt: nowMs });
  return checked.ok ? null : checked.message;
}
