/** Exports under way, of users and of generations: one of a key at a time, and few of all together. */
import type { ServerResponse } from 'node:http';
import { TributaryError } from '@tributary/model/errors';
import { whenClosed } from '@tributary/runtime/http/when-closed';

export interface ExportTurns {
  /** The signal aborts when the client leaves; the turn is given back when its connection has taken the answer, or is lost. Throws `overloaded`. */
  take(owner: string, response: ServerResponse): AbortSignal;
}

export function createExportTurns(most: number): ExportTurns {
  /** The keys whose export is under way. */
  const underWay = new Set<string>();
  return {
    take(owner, response) {
      if (underWay.has(owner)) throw busy('an export is being read for this key already, one at a time');
      if (underWay.size >= most) throw busy(`${underWay.size} exports are being read for other keys already`);
      underWay.add(owner);
      const left = new AbortController();
      whenClosed(response, () => {
        underWay.delete(owner);
        left.abort(new Error('its client has left'));
      });
      return left.signal;
    },
  };
}

function busy(detail: string): TributaryError {
  return new TributaryError('overloaded', detail);
}
