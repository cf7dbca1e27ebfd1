import type { HttpFunction } from '@google-cloud/functions-framework';
import {
  type CleanPorts,
  type CleanRequest,
  type CleanResult,
  cleanRepository,
} from '../../shared/app/clean-repository.ts';
import { type DeadLetterPorts, publishDeadLetter } from '../../shared/app/dead-letter.ts';
import { WardenError } from '../../shared/core/error.ts';
import { outcomeLabel } from '../../shared/core/journal.ts';
import type { RepositoryPlan } from '../../shared/core/plan.ts';
import { formatTarget, type Target, withinTarget } from '../../shared/core/reference.ts';
import { reasonSentence } from '../../shared/core/sentence.ts';
import { formatWork, parseWork } from '../../shared/core/work.ts';
import type { Logger } from '../../shared/ports.ts';
import { answerDelivery } from './reply.ts';
import type { Span } from './span.ts';

/** What a caller may watch of a run. */
export interface CleanWatch {
  readonly onPlan: CleanRequest['onPlan'];
  readonly onResult: (result: CleanResult) => void;
  readonly isStopped: CleanRequest['isStopped'];
}

const UNWATCHED: CleanWatch = {
  onPlan: () => {},
  onResult: () => {},
  isStopped: () => false,
};

/** After the last step was begun: for its request to end, within the function's timeout. */
const LAST_REQUEST_MS = 60_000;

/** What a run needs, and where its targets are. */
export interface CleanSetting extends Omit<CleanPorts & DeadLetterPorts, 'logger'> {
  readonly targets: readonly Target[];
  /** Where a run whose time is over leaves the rest: the topic that it came from. Without it the next tick finds it. */
  readonly workTopic?: string;
  /** The registry for one run, whose requests end at a time. Without it a run's requests have their own deadlines only. */
  readonly forRun?: (endByMs: number) => Pick<CleanPorts, 'registry' | 'deleter'>;
}

/**
 * Topic `work` → one repository listed, judged and cleaned. `budgetMs` is the time after which no further
 * step is begun, well within the function's timeout; what is left then goes to the topic again.
 */
export function cleanHandler(
  logger: Logger,
  open: () => Promise<CleanSetting>,
  budgetMs: number,
  watch: CleanWatch = UNWATCHED,
): HttpFunction {
  return async (request, response) => {
    await answerDelivery(logger, request, response, async (message, span) => {
      const { logger } = span;
      const setting = carrying(await open(), span);
      const untilMs = setting.clock() + budgetMs;
      const ports = { ...setting, ...setting.forRun?.(untilMs + LAST_REQUEST_MS), logger };
      let work: ReturnType<typeof parseWork>;
      try {
        work = readWork(message.data, ports.targets);
      } catch (problem) {
        if (!(problem instanceof WardenError)) throw problem;
        await publishDeadLetter(ports, message, problem);
        return;
      }
      const cleaned = await cleanRepository(ports, {
        repository: work.parsed,
        trigger: work.trigger,
        deleting: new Set(work.policies),
        untilMs,
        isStopped: watch.isStopped,
        onPlan: watch.onPlan,
        onOutcome: () => {},
      });
      const { plan, result } = cleaned;
      watch.onResult(cleaned);
      if (setting.workTopic !== undefined && hasMoreToDo(cleaned, ports.clock() >= untilMs)) {
        await ports.publisher.publish(setting.workTopic, formatWork(work));
      }
      if (plan !== null) tellDecisions(logger, plan, result?.runId ?? null);
      logger.log('INFO', 'repository cleaned', {
        repository: work.repository,
        runId: result?.runId ?? null,
        trigger: work.trigger,
        artifacts: plan?.artifactCount ?? null,
        toDelete: plan?.decisions.filter(({ verdict }) => verdict === 'delete').length ?? null,
        refusal: result?.refusal ?? plan?.refusal?.message ?? null,
        // Counted by the alerts of the Terraform module.
        refusalCode: plan?.refusal?.code ?? null,
        outcomes: count((result?.results ?? []).map(({ outcome }) => outcomeLabel(outcome))),
      });
    });
  };
}

/** The setting, with everything that is published carrying the span's trace. */
function carrying(setting: CleanSetting, span: Span): CleanSetting {
  const { notifications } = setting;
  return {
    ...setting,
    publisher: span.carrying(setting.publisher),
    ...(notifications && {
      notifications: { ...notifications, publisher: span.carrying(notifications.publisher) },
    }),
  };
}

/** One entry a decision, for who looks for the reason of a single one in the log; a repository has many. */
function tellDecisions(logger: Logger, plan: RepositoryPlan, runId: string | null): void {
  if (logger.tellsDecisions !== true) return;
  for (const decision of plan.decisions) {
    logger.log('DEBUG', 'artifact judged', {
      repository: plan.repository,
      runId,
      digest: decision.root,
      verdict: decision.verdict,
      reason: reasonSentence(decision),
    });
  }
}

/**
 * Whether a run left something because its time was over, and did something before: work of which nothing can be
 * done must not go round for ever.
 */
function hasMoreToDo({ result }: CleanResult, isTimeOver: boolean): boolean {
  if (!isTimeOver || result === null || result.refusal !== null) return false;
  const labels = result.results.map(({ outcome }) => outcomeLabel(outcome));
  return labels.includes('skipped: stopped') && labels.includes('deleted');
}

/**
 * Reads work and refuses a repository outside the configured targets: a forged message must not make us show
 * our credentials to a registry that nobody named.
 */
function readWork(data: string, targets: readonly Target[]): ReturnType<typeof parseWork> {
  const work = parseWork(data);
  if (targets.some((target) => withinTarget(target, work.parsed))) return work;
  throw new WardenError(
    'WORK_OUTSIDE_TARGETS',
    `${work.repository} lies in none of ${targets.map(formatTarget).join(', ')}.`,
  );
}

function count(labels: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const label of labels) counts[label] = (counts[label] ?? 0) + 1;
  return counts;
}
