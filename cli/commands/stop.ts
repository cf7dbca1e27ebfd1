import { userInfo } from 'node:os';
import { Command } from 'commander';
import { orderSentence, type StopOrder, stopSentence } from '../../shared/core/stop-order.ts';
import { printable } from '../../shared/report/text.ts';
import { ledgerOption, withLedger } from '../options.ts';

interface StopOptions {
  readonly ledger: string;
  readonly reason?: string;
  readonly by?: string;
}

/** `gcr-warden stop`: ends every run that uses the ledger, and lets none begin. */
export function stopCommand(): Command {
  return new Command('stop')
    .description('End every run within seconds, wherever it works, and let none begin')
    .option('--reason <text>', 'shown by every run that is left alone')
    .option('--by <name>', 'who stops it; the name of the user who runs the command where it is left out')
    .addOption(ledgerOption())
    .action(async ({ ledger: name, reason, by }: StopOptions) => {
      const order: StopOrder = {
        version: 1,
        by: by ?? userInfo().username,
        reason: reason ?? null,
        atMs: Date.now(),
      };
      await withLedger(name, (ledger) => ledger.saveStopOrder(order));
      process.stdout.write(`${printable(stopSentence(order))}\n`);
    });
}

/** `gcr-warden start`: lifts that. */
export function startCommand(): Command {
  return new Command('start')
    .description('Lift the order of "gcr-warden stop"; what was left alone goes with the next run')
    .addOption(ledgerOption())
    .action(async ({ ledger: name }: Pick<StopOptions, 'ledger'>) => {
      const order = await withLedger(
        name,
        async (ledger) => {
          const standing = await ledger.stopOrder();
          await ledger.saveStopOrder(null);
          return standing;
        },
        'there',
      );
      process.stdout.write(
        order === null
          ? 'Nothing was stopped.\n'
          : `Runs may begin again. ${printable(orderSentence(order))}\n`,
      );
    });
}
