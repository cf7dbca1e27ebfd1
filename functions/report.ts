import { http } from '@google-cloud/functions-framework';
import { reportHandler } from './handlers/report.ts';
import { logger, once, openConfiguredLedger } from './open-ports.ts';

http(
  'report',
  reportHandler(once(async () => ({ ledger: await openConfiguredLedger(), clock: Date.now, logger }))),
);
