/** What an audit of the data folder found, for people. */
import type { Audit } from '@tributary/archive/audit/audit';
import { FAULT_CLASSES, type Fault, type FaultClass, isDamage } from '@tributary/archive/audit/faults';
import type { FolderNamed } from '@tributary/archive/audit/folder-names';
import type { Context } from '../context.ts';
import { bytes, count, counted } from '../terminal/figures.ts';
import { linesOf, printable, renderWide, roomBeside } from '../terminal/table.ts';
import { folderNameText, MAY_BE_SENT, SENT } from './folder-names.ts';

/** Faults of one class. */
const SHOWN = 10;
const MARGIN = 6;

const REPAIR = 'Bring it back from a second copy: "tributary archive repair --from FOLDER".';
const FIXES: Readonly<Record<FaultClass, string>> = {
  missing: REPAIR,
  truncated: REPAIR,
  altered: REPAIR,
  unreadable: 'Give this user the right to read it; where the disk fails, bring it back from a second copy.',
  manifest: REPAIR,
  gap: REPAIR,
  overlap: 'Two archivers wrote into copies of one folder, or manifests were edited: restore the manifests from a backup.',
  'other-log': 'It belongs to another platform: restore the manifest from a backup of this one.',
  behind: 'Restore the newest segments from a backup; where there is none, run "tributary batch run --full --wait".',
  orphan:
    'No reader of manifests takes it. A killed process left it, or its manifest was lost: bring that back if a second copy has it, else remove the file.',
};
const OF_GENERATION = 'Compute it again: "tributary batch run --full --wait".';

interface Shown {
  readonly quick: boolean;
  /** Files of archived events, without `quick`. */
  readonly folderNames: readonly FolderNamed[];
}

export function auditText(
  audit: Audit,
  { quick, folderNames }: Shown,
  { terminal, settings }: Pick<Context, 'terminal' | 'settings'>,
): string {
  const room = roomBeside(MARGIN, terminal.screen);
  const table = (columns: readonly string[], left: number, rows: readonly (readonly string[])[]) =>
    renderWide(
      { columns: columns.map((title, i) => ({ title, align: i < left ? 'left' : 'right' })), rows },
      terminal.width,
      terminal.bold,
    );
  const partitions = audit.partitions.map((each) => [
    String(each.partition),
    each.upTo ?? '–',
    each.lastSegment < 0 ? '–' : String(each.lastSegment),
    ...[each.manifests, each.events, each.deadRecords, each.files].map(count),
    bytes(each.bytes),
    count(each.faults),
  ]);
  const generations = audit.generations.map((each) => [
    String(each.generation),
    each.published ? `${each.state}, published` : each.state,
    count(each.files),
    bytes(each.bytes),
    count(each.faults),
  ]);
  const faults = FAULT_CLASSES.flatMap((name) => linesOfClass(name, audit, room, terminal));
  return [
    table(
      ['partition', 'archived up to', 'last segment', 'manifests', 'events', 'dead', 'files', 'bytes', 'faults'],
      2,
      partitions,
    ),
    ...(generations.length === 0 ? [] : ['', table(['generation', 'state', 'files', 'bytes', 'faults'], 2, generations)]),
    '',
    ...(faults.length === 0 ? [] : [...faults, '']),
    ...folderLines(folderNames, room, terminal),
    ...(audit.unfinished === 0
      ? []
      : [
          `${counted(audit.unfinished, 'file')} without a manifest, younger than an hour: being written, or left by a process that was killed`,
        ]),
    verdictOf(audit, quick, settings.dataDir),
  ].join('\n');
}

function linesOfClass(name: FaultClass, { faults, counts }: Audit, room: number, terminal: Context['terminal']): string[] {
  if (counts[name] === 0) return [];
  const own = faults.filter((fault) => fault.class === name);
  const tone = isDamage({ class: name }) ? 'fail' : 'warn';
  const more = counts[name] - Math.min(own.length, SHOWN);
  const fixes = [...new Set(own.map(fixOf))];
  return [
    `${terminal.tone(tone, tone)}  ${name}: ${count(counts[name])}`,
    ...own.slice(0, SHOWN).flatMap((fault) => indented(linesOf(printable(`${fault.path} ${fault.detail}`), room))),
    ...(more > 0 ? indented([`… and ${count(more)} more`]) : []),
    ...fixes.flatMap((fix) => indented(linesOf(`→ ${fix}`, room)).map(terminal.dim)),
  ];
}

function folderLines(all: readonly FolderNamed[], room: number, terminal: Context['terminal']): string[] {
  const lines = [true, false].flatMap((isCertain) => {
    const own = all.filter((one) => one.isCertain === isCertain);
    const tone = isCertain ? 'fail' : 'warn';
    return own.length === 0
      ? []
      : [
          `${terminal.tone(tone, tone)}  rows with names of folders: ${counted(own.length, 'file')}`,
          ...own.slice(0, SHOWN).flatMap((one) => indented(linesOf(printable(folderNameText(one)), room))),
          ...(own.length > SHOWN ? indented([`… and ${count(own.length - SHOWN)} more`]) : []),
          ...indented(linesOf(`→ ${isCertain ? SENT : MAY_BE_SENT}`, room)).map(terminal.dim),
        ];
  });
  return lines.length === 0 ? [] : [...lines, ''];
}

export function fixOf(fault: Fault): string {
  const isComputed =
    fault.generation !== undefined && isDamage(fault) && fault.class !== 'behind' && fault.class !== 'unreadable';
  return isComputed ? OF_GENERATION : FIXES[fault.class];
}

function indented(lines: readonly string[]): string[] {
  return lines.map((line) => ' '.repeat(MARGIN) + line);
}

function verdictOf({ ok, partitions, generations, counts }: Audit, quick: boolean, dataDir: string): string {
  const files = [...partitions, ...generations].reduce((sum, each) => sum + each.files, 0);
  const total = [...partitions, ...generations].reduce((sum, each) => sum + each.bytes, 0);
  const summary = `${counted(files, 'file')} of ${dataDir}, ${bytes(total)}, by ${quick ? 'their lengths' : 'their checksums'}`;
  const damage = FAULT_CLASSES.filter((name) => isDamage({ class: name })).reduce((sum, name) => sum + counts[name], 0);
  return ok ? `${summary}: sound` : `${summary}: ${counted(damage, 'fault')}`;
}
