/** The line under every answer: how it came about and whether anything is missing. */
import { instant, span } from '../terminal/figures.ts';
import { printable } from '../terminal/table.ts';
import type { Terminal } from '../terminal/terminal.ts';

/** `meta` of an answer from the speed layer alone. */
export interface SpeedMeta {
  readonly view: string;
  readonly speed: { readonly lagMs: number | null; readonly watermark: number | null };
  readonly complete: boolean;
  readonly warnings: readonly string[];
}

/** `meta` of a merged answer (docs/api.md, `meta`). */
export interface Meta extends SpeedMeta {
  readonly generation: number;
  readonly cut: number | null;
  readonly pending: number;
  readonly definitions?: string;
}

export function metaLine(meta: Meta): string {
  const cut = meta.cut === null ? '' : ` cut ${instant(meta.cut)}`;
  return [
    `layer ${meta.view}`,
    `generation ${meta.generation}${cut}`,
    `pending ${meta.pending}`,
    lag(meta),
    completeness(meta),
    ...(meta.definitions === undefined ? [] : [`definitions ${meta.definitions}`]),
  ].join(' · ');
}

export function speedLine(meta: SpeedMeta): string {
  return [`layer ${meta.view}`, lag(meta), completeness(meta)].join(' · ');
}

/** Warnings are for people: on stderr, so that they show also when the data goes elsewhere. */
export function warnings(terminal: Terminal, meta: SpeedMeta): void {
  for (const warning of meta.warnings) terminal.say(printable(`warning: ${warning}`));
}

function lag({ speed }: SpeedMeta): string {
  return speed.lagMs === null ? 'lag unknown' : `lag ${span(speed.lagMs)}`;
}

function completeness({ complete }: SpeedMeta): string {
  return complete ? 'complete' : 'INCOMPLETE';
}
