import { http } from '@google-cloud/functions-framework';
import { reportHandler } from './handlers/report.ts';
import { logger, once, openConfiguredLedger } from './open-ports.ts';

http(
  'report',
  reportHandler(
    logger,
    once(async () => ({ ledger: await openConfiguredLedger(), clock: Date.now })),
  ),
);
