import { http } from '@google-cloud/functions-framework';
import { newId } from '../shared/adapters/identity/new-id.ts';
import { loadHandler } from './load-handler.ts';
import {
  logger,
  once,
  openConfiguredLedger,
  openConfiguredPolicies,
  openConfiguredRegistry,
  openPublisher,
  settings,
} from './open-ports.ts';

/** Well within the 300 s that Terraform gives the function. */
const BUDGET_MS = 240_000;

const opened = once(async () => {
  const ledger = await openConfiguredLedger();
  return {
    ledger,
    registry: await openConfiguredRegistry(ledger),
    policies: await openConfiguredPolicies(),
    publisher: openPublisher(),
  };
});

http(
  'dispatch',
  loadHandler(async () => {
    const { dispatchHandler } = await import('./handlers/dispatch.ts');
    return dispatchHandler(logger, async () => {
      const { registry, ...ports } = await opened();
      return {
        targets: settings.targets,
        ports: {
          ...ports,
          registry: registry.forRun(Date.now() + BUDGET_MS).reader,
          workTopic: settings.workTopic,
          clock: Date.now,
          newId,
        },
      };
    });
  }),
);
