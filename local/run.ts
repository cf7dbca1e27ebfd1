import { mkdir, writeFile } from 'node:fs/promises';
import { relative } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { RESULTS_MAX } from '../shared/adapters/ledger/limit.ts';
import type { RepositoryResult } from '../shared/app/apply-request.ts';
import { explainImage } from '../shared/app/explain-image.ts';
import type { RecordedEvent } from '../shared/app/record-event.ts';
import { shortDigest } from '../shared/core/digest.ts';
import { messageOf } from '../shared/core/error.ts';
import { parseImageReference } from '../shared/core/reference.ts';
import type { Logger } from '../shared/ports.ts';
import { renderResult } from '../shared/report/apply-text.ts';
import { renderAudit } from '../shared/report/audit-text.ts';
import { renderImageLife } from '../shared/report/image-text.ts';
import { renderRepositoryPlan } from '../shared/report/plan-text.ts';
import { type TextStyle, toned } from '../shared/report/text.ts';
import { pushEstate } from './estate.ts';
import { DEAD_LETTERS, type LocalStack, PUSH_WAIT_MAX_MS, startLocalStack } from './stack.ts';

export interface LocalRunOptions {
  /** End after the job was done once. */
  readonly once: boolean;
  readonly directory: string;
  readonly policies: string;
  readonly ports: { readonly registry: number; readonly report: number };
  readonly style: TextStyle;
  readonly write: (text: string) => void;
  readonly logger: Logger;
  /** Aborted when the run is to end. */
  readonly signal: AbortSignal;
}

/** What a run that is told to stop may take to end. */
const LAST_RUN_MS = 5_000;

/** From one tick of the scheduler to the next, once the job was done in front of the reader. */
const TICK_MS = 1_000;

/**
 * Does the main job in front of the reader: pushes an estate, records every push, runs the policies, applies
 * their plans, audits, explains; and then stays up for images of the reader's own.
 */
export async function runLocal(options: LocalRunOptions): Promise<void> {
  const { style, write, signal } = options;
  let showing = false;
  const recorded: RecordedEvent[] = [];
  const results: RepositoryResult[] = [];
  await mkdir(options.directory, { recursive: true });
  const stack = await startLocalStack({
    directory: options.directory,
    policies: options.policies,
    ports: options.ports,
    logger: options.logger,
    onRecorded: (event) => {
      recorded.push(event);
      if (!showing) return;
      write(eventLine(event, style));
    },
    onAudit: (report) => write(renderAudit(report, style)),
    clean: {
      isStopped: () => signal.aborted,
      onPlan: (plan) => write(`${renderRepositoryPlan(plan, style)}\n\n`),
      onResult: ({ result }) => {
        if (result === null) return;
        results.push(result);
        write(`${renderResult(result, style)}\n\n`);
      },
    },
  });

  try {
    const { host } = stack.registry;
    write(heading('1  Images are pushed', style));
    write(`A registry that speaks Google's dialect listens at ${host}.\n`);
    const estate = await pushEstate(host, Date.now(), stack.setRegistryClock);
    stack.setRegistryClock(null);
    await writeFile(stack.podsPath, estate.pods);
    write(
      `Pushed ${estate.pushed} images and indexes to ${estate.repositories} repositories, dated over the last six months.\n`,
    );

    write(heading('2  Every push is recorded', style));
    await stack.topics.idle();
    const counts = Map.groupBy(recorded, ({ kind }) => kind);
    write(
      `${recorded.length} notifications reached record-image-event: ${[...counts].map(([kind, all]) => `${all.length} ${kind}`).join(', ')}.\n`,
    );

    write(heading('3  The scheduler ticks: policies are planned and applied', style));
    if (signal.aborted) return;
    await stack.tick();
    await stack.topics.idle();

    write(heading('4  Keys and permissions are audited', style));
    if (signal.aborted) return;
    await stack.audit();

    await explainOne(stack, results, options);
    showing = true;
    if (options.once || signal.aborted) return;
    write(invitation(stack, options));
    // What was pushed until here has had its run.
    await stack.ledger.forgetPushes(await stack.ledger.pushMarks(RESULTS_MAX));
    await keepTicking(stack, options);
    // A run that is under way ends with the request that it is at.
    await Promise.race([stack.topics.idle(), sleep(LAST_RUN_MS)]);
    write('\nStopping.\n');
  } finally {
    await stack.close();
  }
}

/** Ticks as Cloud Scheduler does, until the run is to end. */
async function keepTicking(
  stack: LocalStack,
  { style, write, logger, signal }: LocalRunOptions,
): Promise<void> {
  while (!signal.aborted) {
    await sleep(TICK_MS, undefined, { signal }).catch(() => {});
    if (signal.aborted) return;
    try {
      for (const repository of (await stack.tick()).pushed) {
        const quiet = `${PUSH_WAIT_MAX_MS / 1000} s`;
        write(`\n${toned('run', 'strong', style)} ${repository} has been quiet for ${quiet}\n`);
      }
    } catch (problem) {
      logger.log('ERROR', 'a tick of the scheduler failed', { reason: messageOf(problem) });
    }
  }
}

function heading(text: string, style: TextStyle): string {
  return `\n${toned(text, 'strong', style)}\n${'─'.repeat(text.length)}\n`;
}

function eventLine(recorded: RecordedEvent, style: TextStyle): string {
  if (recorded.kind === 'dead letter')
    return `${toned('event', 'strong', style)} dead letter: ${recorded.reason}\n`;
  const { action, repository, tag, digest } = recorded.event;
  const name = `${repository}${tag === null ? '' : `:${tag}`}${digest === null ? '' : ` @${shortDigest(digest)}`}`;
  return `${toned('event', 'strong', style)} ${action} ${name} ${recorded.kind}\n`;
}

/** Shows for one deleted image what can be asked about any. */
async function explainOne(
  stack: LocalStack,
  results: readonly RepositoryResult[],
  { style, write }: LocalRunOptions,
): Promise<void> {
  for (const result of results) {
    const step = result.results.find(
      ({ step: one, outcome }) => one.kind === 'untag' && outcome.kind === 'deleted',
    )?.step;
    if (step === undefined) continue;
    write(heading('5  Every deletion can be explained', style));
    const life = await explainImage(stack.ledger, parseImageReference(`${result.repository}@${step.digest}`));
    write(renderImageLife(life, style));
    return;
  }
}

function invitation(stack: LocalStack, options: LocalRunOptions): string {
  const { host } = stack.registry;
  const ledger = relative('.', stack.ledgerPath);
  const pods = relative('.', stack.podsPath);
  const image = `${host}/acme/services/api:pr-200`;
  const there = `${host}/acme/services/api:main`;
  return `${heading('It stays up', options.style)}Registry  ${host}  (plain HTTP, no login)
Report    ${stack.reportUrl}

Push an image of your own, with whichever of these you have:
  skopeo copy --src-tls-verify=false --dest-tls-verify=false docker://${there} docker://${image}
  crane copy ${there} ${image}
  docker pull ${there} && docker tag ${there} ${image} && docker push ${image}

Ask, in another terminal:
  npx gcr-warden list ${host}/acme
  npx gcr-warden plan --policies ${options.policies} --ledger ${ledger} --in-use ${pods} --out plan.json ${host}/acme
  npx gcr-warden explain --ledger ${ledger} ${host}/acme/services/api:pr-101
  npx gcr-warden history --ledger ${ledger}
  npx gcr-warden audit --ledger ${ledger} --google-endpoint ${stack.googleUrl} --project acme
  npx gcr-warden events dead-letters --subscription ${DEAD_LETTERS} --google-endpoint ${stack.googleUrl}

Events and runs appear here as they happen. Ctrl-C ends it.
`;
}
