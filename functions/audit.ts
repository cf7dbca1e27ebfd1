import { http } from '@google-cloud/functions-framework';
import { loadHandler } from './load-handler.ts';
import {
  logger,
  once,
  openConfiguredLedger,
  openConfiguredPolicyFiles,
  openPublisher,
  settings,
} from './open-ports.ts';

http(
  'audit',
  loadHandler(async () => {
    const { auditHandler } = await import('./handlers/audit.ts');
    return auditHandler(
      logger,
      once(async () => {
        const { openGoogleAccess } = await import('../shared/adapters/google/open-access.ts');
        const { access } = openGoogleAccess(null);
        const topic = settings.findingTopic;
        const work = settings.auditWork;
        return {
          ...(work === null ? {} : { work: { ...work, publisher: openPublisher() } }),
          projects: settings.auditProjects,
          policyFiles: await openConfiguredPolicyFiles(),
          ports: {
            access,
            ledger: await openConfiguredLedger(),
            clock: Date.now,
            ...(topic === null ? {} : { changes: { publisher: openPublisher(), topic } }),
          },
        };
      }),
    );
  }),
);
