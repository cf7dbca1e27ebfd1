import type { EstateProject } from './estate.ts';
import { pageOf } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** policyanalyzer.googleapis.com: when keys and accounts last authenticated. */
export const POLICY_ANALYZER: readonly Route[] = [
  {
    name: 'key activity',
    method: 'GET',
    pattern: activitiesOf('serviceAccountKeyLastAuthentication'),
    permission: 'policyanalyzer.serviceAccountKeyLastAuthenticationActivities.query',
    subjects: ([project = '']) => [project, 'policyanalyzer'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf(
          'activities',
          keyActivitiesJson(project, request.options.now),
          request.query,
          pageMax(request),
        ),
      ),
  },
  {
    name: 'account activity',
    method: 'GET',
    pattern: activitiesOf('serviceAccountLastAuthentication'),
    permission: 'policyanalyzer.serviceAccountLastAuthenticationActivities.query',
    subjects: ([project = '']) => [project, 'policyanalyzer', 'account activity'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf(
          'activities',
          accountActivitiesJson(project, request.options.now),
          request.query,
          pageMax(request),
        ),
      ),
  },
];

function activitiesOf(type: string): RegExp {
  return new RegExp(`^/v1/projects/${V}/locations/global/activityTypes/${type}/activities:query$`);
}

function keyActivitiesJson(
  { project, projectNumber, accounts }: EstateProject,
  nowMs: number,
): readonly unknown[] {
  return accounts.flatMap(({ email, uniqueId, keys }) =>
    keys.flatMap(({ id, lastAuthenticated }) => {
      if (lastAuthenticated === undefined) return [];
      const fullResourceName = `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}/keys/${id}`;
      return [
        {
          fullResourceName,
          activityType: 'serviceAccountKeyLastAuthentication',
          observationPeriod: observationPeriod(nowMs),
          activity: {
            ...(lastAuthenticated === null ? {} : { lastAuthenticatedTime: lastAuthenticated }),
            serviceAccountKey: { fullResourceName, projectNumber, serviceAccountId: uniqueId },
          },
        },
      ];
    }),
  );
}

function accountActivitiesJson(
  { project, projectNumber, accounts }: EstateProject,
  nowMs: number,
): readonly unknown[] {
  return accounts.flatMap(({ email, uniqueId, lastAuthenticated }) => {
    if (lastAuthenticated === undefined) return [];
    const fullResourceName = `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}`;
    return [
      {
        fullResourceName,
        activityType: 'serviceAccountLastAuthentication',
        observationPeriod: observationPeriod(nowMs),
        activity: {
          ...(lastAuthenticated === null ? {} : { lastAuthenticatedTime: lastAuthenticated }),
          serviceAccount: { fullResourceName, projectNumber, serviceAccountId: uniqueId },
        },
      },
    ];
  });
}

function observationPeriod(nowMs: number) {
  const day = new Date(nowMs).toISOString().slice(0, 10);
  return { startTime: '2026-01-01T08:00:00Z', endTime: `${day}T08:00:00Z` };
}
