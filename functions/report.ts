import { http } from '@google-cloud/functions-framework';
import { loadHandler } from './load-handler.ts';
import { logger, once, openConfiguredLedger } from './open-ports.ts';

http(
  'report',
  loadHandler(async () => {
    const { reportHandler } = await import('./handlers/report.ts');
    return reportHandler(
      logger,
      once(async () => ({ ledger: await openConfiguredLedger(), clock: Date.now })),
    );
  }),
);
