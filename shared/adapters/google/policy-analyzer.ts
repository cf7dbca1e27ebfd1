import * as z from 'zod';
import type { AccountActivity, KeyActivity, ObservationPeriod } from '../../core/audit/access.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact, timeOf } from './fact-reads.ts';
import { path } from './rest.ts';

const ACTIVITIES = z.object({
  activities: z
    .array(
      z.object({
        fullResourceName: z.string(),
        observationPeriod: z
          .object({ startTime: z.string().optional(), endTime: z.string().optional() })
          .default({}),
        activity: z.object({ lastAuthenticatedTime: z.string().optional() }).default({}),
      }),
    )
    .default([]),
});

type Activity = z.infer<typeof ACTIVITIES>['activities'][number];

/**
 * When keys and accounts last authenticated:
 * https://cloud.google.com/policy-intelligence/docs/reference/policyanalyzer/rest/v1/projects.locations.activityTypes.activities/query
 */
export function policyAnalyzerReads({
  all,
}: FactReads): Pick<GoogleAccess, 'keyActivity' | 'accountActivity'> {
  const activities = async (project: string, type: string): Promise<Fact<readonly Activity[]>> => {
    const pages = await all(ACTIVITIES, {
      api: 'policyAnalyzer',
      path: path`/v1/projects/${project}/locations/global/activityTypes/${type}/activities:query`,
      query: { pageSize: '1000' },
    });
    return mapFact(pages, (each) => each.flatMap((page) => page.activities));
  };
  return {
    keyActivity: async (project) =>
      mapFact(await activities(project, 'serviceAccountKeyLastAuthentication'), (each) =>
        each.flatMap(keyActivityOf),
      ),
    accountActivity: async (project) =>
      mapFact(await activities(project, 'serviceAccountLastAuthentication'), (each) =>
        each.flatMap(accountActivityOf),
      ),
  };
}

/** None for an activity that can't be told: the key then has no known last use. */
function keyActivityOf(activity: Activity): readonly KeyActivity[] {
  const [, account, keyId] =
    /\/serviceAccounts\/([^/]+)\/keys\/([^/]+)$/.exec(activity.fullResourceName) ?? [];
  const use = useOf(activity);
  return account === undefined || keyId === undefined || use === null ? [] : [{ account, keyId, ...use }];
}

function accountActivityOf(activity: Activity): readonly AccountActivity[] {
  const [, account] = /\/serviceAccounts\/([^/]+)$/.exec(activity.fullResourceName) ?? [];
  const use = useOf(activity);
  return account === undefined || use === null ? [] : [{ account, ...use }];
}

/** null where a time is there and can't be read: that is neither a use nor none. */
function useOf({
  activity: { lastAuthenticatedTime },
  observationPeriod,
}: Activity): Omit<AccountActivity, 'account'> | null {
  const observed = periodOf(observationPeriod);
  if (lastAuthenticatedTime === undefined) return { lastAuthenticatedMs: null, observed };
  const time = timeOf(lastAuthenticatedTime);
  return time.kind === 'known' ? { lastAuthenticatedMs: time.value, observed } : null;
}

function periodOf({ startTime, endTime }: Activity['observationPeriod']): Fact<ObservationPeriod> {
  const from = timeOf(startTime);
  const to = timeOf(endTime);
  if (from.kind === 'unknown') return from;
  if (to.kind === 'unknown') return to;
  return from.value <= to.value
    ? known({ fromMs: from.value, toMs: to.value })
    : unknown('the reply has a period that ends before it begins');
}
