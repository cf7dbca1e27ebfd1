import type { Finding } from '../finding.ts';
import type { PolicySource } from '../policy.ts';
import { type Check, findingOf } from './check.ts';
import type { AuditFolder } from './folder.ts';
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
  readonly source: PolicySource;
}

/** An exception has ended, and what it was for is a failure again. */
const exceptionExpired = {
  id: 'exception-expired',
  title: 'An exception has ended',
  severity: 'medium',
} as const satisfies Pick<Check, 'id' | 'title' | 'severity'>;

/** An exception fits nothing that fails any more. Left where it is, it would hide the next failure unseen. */
const exceptionUnused = {
  id: 'exception-unused',
  title: 'An exception fits nothing that fails',
  severity: 'low',
} as const satisfies Pick<Check, 'id' | 'title' | 'severity'>;

/** A file of exceptions can't be read, so that nothing in it counts. */
const exceptionBroken = {
  id: 'exception-broken',
  title: 'A file of exceptions is broken, and excepts nothing',
  severity: 'medium',
} as const satisfies Pick<Check, 'id' | 'title' | 'severity'>;

/**
 * Makes every FAIL that an exception in force fits EXCEPTED, and adds a finding for each exception of the project:
 * that it has ended, that it fits nothing, or that it is in use. Whether it fits nothing is UNKNOWN while its check
 * could not see everything. And a finding for each file of exceptions that is broken.
 */
export function applyExceptions(
  findings: readonly Finding[],
  { exceptions, broken }: Pick<AuditFolder, 'exceptions' | 'broken'>,
  project: string,
  nowMs: number,
): readonly Finding[] {
  const own = exceptions.filter((each) => each.project === project).map(compiled);
  const inForce = own.filter(({ exception }) => exception.expiresMs > nowMs);
  const judged = findings.map((finding): Finding => {
    if (finding.status !== 'FAIL') return finding;
    const found = inForce.find(({ fits }) => fits(finding));
    if (found === undefined) return finding;
    const { owner, reason, expiresMs, source } = found.exception;
    const { contentHash, gitRevision } = source;
    const note = { owner, reason, expiresMs, place: placeOf(source), contentHash, gitRevision };
    return { ...finding, status: 'EXCEPTED', exception: note };
  });
  const about = own.flatMap((one) => aboutException(one, findings, project, nowMs));
  return [...judged, ...about, ...aboutBroken(broken, project)];
}

function placeOf({ file, line }: Pick<PolicySource, 'file' | 'line'>): string {
  return `${file}:${line}`;
}

/** One finding a broken file, whatever else is wrong in it. */
function aboutBroken(broken: AuditFolder['broken'], project: string): readonly Finding[] {
  const audit = { replies: { project } };
  if (broken.kind === 'unknown') {
    const evidence = `The exceptions could not be read, so that none holds: ${broken.reason}`;
    const answer = { status: 'UNKNOWN', resource: 'exceptions', evidence } as const;
    return [findingOf(exceptionBroken, audit, answer)];
  }
  return [...Map.groupBy(broken.value, ({ file }) => file)].flatMap(([file, [first]]) => {
    if (first === undefined) return [];
    const answer = {
      status: 'FAIL',
      resource: `exceptions ${file}`,
      evidence: `${placeOf(first)}:${first.column}: ${first.message}`,
      risk: 'What somebody answers for counts as a failure again, and hides what is new among it.',
      remediation: () => [
        handStep(`Mend ${file}; \`gcr-warden policy check\` shows all that is wrong in it.`),
      ],
    } as const;
    return [findingOf(exceptionBroken, audit, answer)];
  });
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
  const { check, resource, owner, reason, expiresMs, source } = exception;
  const place = placeOf(source);
  const audit = { replies: { project } };
  const subject = {
    resource: `exception ${source.file}`,
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
      remediation: () => [
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
      remediation: () => [handStep(`Take it out of ${place}.`)],
    }),
  ];
}
