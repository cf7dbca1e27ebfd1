import type { EstateProject } from './estate.ts';
import { pageOf } from './reply.ts';
import { forProject, pageMax, type Route, V } from './route.ts';

/** policyanalyzer.googleapis.com: when keys last authenticated. */
export const POLICY_ANALYZER: readonly Route[] = [
  {
    name: 'key activity',
    method: 'GET',
    pattern: new RegExp(
      `^/v1/projects/${V}/locations/global/activityTypes/serviceAccountKeyLastAuthentication/activities:query$`,
    ),
    permission: 'policyanalyzer.serviceAccountKeyLastAuthenticationActivities.query',
    subjects: ([project = '']) => [project, 'policyanalyzer'],
    reply: (request) =>
      forProject(request, (project) =>
        pageOf('activities', activitiesJson(project, request.options.now), request.query, pageMax(request)),
      ),
  },
];

function activitiesJson(
  { project, projectNumber, accounts }: EstateProject,
  nowMs: number,
): readonly unknown[] {
  return accounts.flatMap(({ email, uniqueId, keys }) =>
    keys.flatMap(({ id, lastAuthenticated }) => {
      if (lastAuthenticated === undefined) return [];
      const fullResourceName = `//iam.googleapis.com/projects/${project}/serviceAccounts/${email}/keys/${id}`;
      const day = new Date(nowMs).toISOString().slice(0, 10);
      return [
        {
          fullResourceName,
          activityType: 'serviceAccountKeyLastAuthentication',
          observationPeriod: { startTime: '2026-01-01T08:00:00Z', endTime: `${day}T08:00:00Z` },
          activity: {
            ...(lastAuthenticated === null ? {} : { lastAuthenticatedTime: lastAuthenticated }),
            serviceAccountKey: { fullResourceName, projectNumber, serviceAccountId: uniqueId },
          },
        },
      ];
    }),
  );
}
