/** What `tributary attribution power` takes. What it does is loaded when it acts. */
import type { Command } from 'commander';
import type { Act, Context } from '../context.ts';
import type { PowerFlags } from './attribution-power.ts';

export function fillAttributionPower(command: Command, act: Act): void {
  command
    .requiredOption('--channel <name>', 'whose share')
    .requiredOption('--width <points>', 'from the lower to the upper bound, in percentage points, such as 2')
    .option('--share <percent>', 'that the channel is expected to have; default: what it has in the file')
    .option('--paths <file>', 'paths as of "attribution run"; a column of users makes them the unit')
    .option('--events <file>', 'instead: a row a touch or conversion, with --map')
    .option('--definitions <file>', 'of --events (YAML or JSON)')
    .option('--map <fields>', 'which column is what, as of "attribution run"')
    .option('--separator <char>', 'between columns; default: detected in the header')
    .option('--path-separator <text>', 'between the channels of a path', '>')
    .option('--decimal-comma', 'values are written 44,50')
    .option('--model <name>', 'whose share', 'shapley')
    .option('--order <k>', 'touches in a state of the Markov models, 1 to 10', '1')
    .option('--days <n>', 'that the file covers; default: from its first event to its last')
    .option('--level <percent>', 'of the interval, 50 to 99.9', '90')
    .option('--bootstrap <n>', 'resamplings', '1000')
    .option('--seed <s>', 'of resampling', '1')
    .action(
      act(async (context: Context, flags: PowerFlags) =>
        (await import('./attribution-power.ts')).attributionPower(context, flags),
      ),
    );
}
