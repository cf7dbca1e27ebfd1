import { userInfo } from 'node:os';
import { orderSentence, type StopOrder, stopSentence } from '../../shared/core/stop-order.ts';
import { printable } from '../../shared/report/text.ts';
import { inReadersZone } from '../../shared/report/time-text.ts';
import { ManualCommand } from '../manual.ts';
import { ledgerOption, withLedger } from '../options.ts';
import { outputStyle } from '../terminal.ts';

interface StopOptions {
  readonly ledger: string;
  readonly reason?: string;
  readonly by?: string;
}

/** `gcr-warden stop`: ends every run that uses the ledger, and lets none begin. */
export function stopCommand(): ManualCommand {
  return new ManualCommand('stop')
    .summary('End every run within seconds, wherever it works, and let none begin')
    .description(
      'Ends every run that uses the ledger, within 5 seconds and wherever it works: one write, which each of them looks for. Requests that are under way end; no further one is sent. Until `start`, no run begins to delete; plans are made as before.',
    )
    .option('--reason <text>', 'shown by every run that is left alone')
    .option('--by <name>', 'who stops it; the user who runs the command where it is left out')
    .addOption(ledgerOption('the ledger of the runs'))
    .example('stop --reason mistake --ledger .warden/local/ledger.sqlite')
    .action(async ({ ledger: name, reason, by }: StopOptions) => {
      const order: StopOrder = {
        version: 1,
        by: by ?? userInfo().username,
        reason: reason ?? null,
        atMs: Date.now(),
      };
      await withLedger(name, (ledger) => ledger.saveStopOrder(order));
      process.stdout.write(`${inReadersZone(printable(stopSentence(order)), outputStyle().clock)}\n`);
    });
}

/** `gcr-warden start`: lifts that. */
export function startCommand(): ManualCommand {
  return new ManualCommand('start')
    .summary('Lift the order of "gcr-warden stop"; what was left alone goes with the next run')
    .description('Lifts the order of `stop`. What was left alone goes with the next run.')
    .addOption(ledgerOption('the ledger of the runs'))
    .example('start --ledger .warden/local/ledger.sqlite')
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
          : `Runs may begin again. ${inReadersZone(printable(orderSentence(order)), outputStyle().clock)}\n`,
      );
    });
}
