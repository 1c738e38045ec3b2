/** What `tributary doctor` takes. What it does is loaded when it acts: it looks at everything. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { DoctorFlags } from './doctor.ts';

export function fillDoctor(command: Command, act: Act): void {
  command
    .option('--quick', 'compare file sizes only, not checksums')
    .option('--config', 'look at the configuration alone, as a start does before the first role')
    .action(act(async (context: Context, options: DoctorFlags) => (await import('./doctor.ts')).doctor(context, options)));
}
