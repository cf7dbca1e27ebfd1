import type { Finding } from '../finding.ts';
import { type Check, findingOf } from './check.ts';
import { handStep } from './remedy-step.ts';

/** A FAIL that somebody answers for until a day, as it is written beside the policies. */
export interface AuditException {
  readonly check: string;
  /** The id of the one project that it is for. */
  readonly project: string;
  /** Google's full resource name; `*` stays within a component, `**` crosses. */
  readonly resource: string;
  readonly owner: string;
  readonly reason: string;
  readonly expiresMs: number;
  /** `FILE:LINE` below the folder of policies. */
  readonly place: string;
}

/** An exception has ended, and what it was for is a failure again. */
export const exceptionExpired = {
  id: 'exception-expired',
  title: 'An exception has ended',
  severity: 'medium',
} as const satisfies Pick<Check, 'id' | 'title' | 'severity'>;

/** An exception fits nothing that fails any more. Left where it is, it would hide the next failure unseen. */
export const exceptionUnused = {
  id: 'exception-unused',
  title: 'An exception fits nothing that fails',
  severity: 'low',
} as const satisfies Pick<Check, 'id' | 'title' | 'severity'>;

/**
 * Makes every FAIL that an exception in force fits EXCEPTED, and adds a finding for each exception of the project:
 * that it has ended, that it fits nothing, or that it is in use. Whether it fits nothing is UNKNOWN while its check
 * could not see everything.
 */
export function applyExceptions(
  findings: readonly Finding[],
  exceptions: readonly AuditException[],
  project: string,
  nowMs: number,
): readonly Finding[] {
  const own = exceptions.filter((each) => each.project === project).map(compiled);
  const inForce = own.filter(({ exception }) => exception.expiresMs > nowMs);
  const judged = findings.map((finding): Finding => {
    if (finding.status !== 'FAIL') return finding;
    const found = inForce.find(({ fits }) => fits(finding));
    if (found === undefined) return finding;
    const { owner, reason, expiresMs, place } = found.exception;
    return { ...finding, status: 'EXCEPTED', exception: { owner, reason, expiresMs, place } };
  });
  return [...judged, ...own.flatMap((one) => aboutException(one, findings, project, nowMs))];
}

interface Compiled {
  readonly exception: AuditException;
  readonly fits: (finding: Finding) => boolean;
}

function compiled(exception: AuditException): Compiled {
  const pattern = resourcePattern(exception.resource);
  return { exception, fits: ({ check, resource }) => check === exception.check && pattern.test(resource) };
}

/** `**` any text, `*` any text without a slash, all else as it is. */
function resourcePattern(text: string): RegExp {
  const pieces = text
    .split(/(\*+)/)
    .map((piece) =>
      piece.startsWith('*')
        ? piece === '*'
          ? '[^/]*'
          : '.*'
        : piece.replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&'),
    );
  return new RegExp(`^${pieces.join('')}$`, 's');
}

function aboutException(
  { exception, fits }: Compiled,
  findings: readonly Finding[],
  project: string,
  nowMs: number,
): readonly Finding[] {
  const { check, resource, owner, reason, expiresMs, place } = exception;
  const audit = { replies: { project } };
  const subject = {
    resource: `exception ${place.slice(0, place.lastIndexOf(':'))}`,
    subject: [check, resource],
  };
  const name = `The exception from ${check} for ${resource} (${place}, ${owner}: ${reason})`;
  const datesMs = { expires: expiresMs };
  if (expiresMs <= nowMs) {
    const answer = {
      ...subject,
      status: 'FAIL' as const,
      evidence: `${name} ended on ${new Date(expiresMs).toISOString().slice(0, 10)}`,
      datesMs,
      risk: 'What it was for is a failure again, and nobody answers for it.',
      remediation: [
        handStep(`Mend what it was for, or let ${owner} give it a new date; then take it out of ${place}.`),
      ],
    };
    return [findingOf(exceptionExpired, audit, answer)];
  }
  const isUsed = findings.some((finding) => finding.status === 'FAIL' && fits(finding));
  if (isUsed) {
    return [
      findingOf(exceptionUnused, audit, {
        ...subject,
        status: 'PASS',
        evidence: `${name} is in use`,
        datesMs,
      }),
    ];
  }
  const isBlind = findings.some((finding) => finding.check === check && finding.status === 'UNKNOWN');
  return [
    findingOf(exceptionUnused, audit, {
      ...subject,
      status: isBlind ? 'UNKNOWN' : 'FAIL',
      evidence: isBlind
        ? `${name} fits nothing that was seen, and not everything could be seen`
        : `${name} fits nothing that fails`,
      datesMs,
      risk: 'The next failure that it fits is hidden from the day it begins.',
      remediation: [handStep(`Take it out of ${place}.`)],
    }),
  ];
}
