import * as z from 'zod';
import type { OrgPolicy } from '../../core/audit/hierarchy.ts';
import { type Fact, known, unknown } from '../../core/fact.ts';
import type { GoogleAccess } from '../../ports.ts';
import type { FactReads } from './fact-reads.ts';
import { path } from './rest.ts';

const VALUES = z.array(z.string()).default([]);

const EFFECTIVE_POLICY = z.object({
  spec: z.object({
    rules: z
      .array(
        z.object({
          enforce: z.boolean().optional(),
          allowAll: z.boolean().optional(),
          denyAll: z.boolean().optional(),
          values: z.object({ allowedValues: VALUES, deniedValues: VALUES }).optional(),
          condition: z.unknown().optional(),
        }),
      )
      .default([]),
  }),
});

type Rule = z.infer<typeof EFFECTIVE_POLICY>['spec']['rules'][number];

/**
 * What the organisation policy comes to on a project, already merged by Google:
 * https://cloud.google.com/resource-manager/docs/reference/orgpolicy/rest/v2/projects.policies/getEffectivePolicy
 */
export function orgPolicyReads({ one }: FactReads): Pick<GoogleAccess, 'orgPolicy'> {
  return {
    async orgPolicy(project, constraint) {
      const reply = await one(EFFECTIVE_POLICY, {
        api: 'orgPolicy',
        path: path`/v2/projects/${project}/policies/${constraint}:getEffectivePolicy`,
      });
      return reply.kind === 'known' ? orgPolicyOf(reply.value.spec.rules) : reply;
    },
  };
}

function orgPolicyOf(rules: readonly Rule[]): Fact<OrgPolicy> {
  // Documented as never there in an effective policy: if one is, what holds can't be said.
  if (rules.some(({ condition }) => condition !== undefined)) return unknown('the policy has a condition');
  if (rules.length === 0) return unknown('the policy has no rule');
  if (rules.every(({ enforce }) => enforce !== undefined)) {
    return known({ kind: 'boolean', enforced: rules.some(({ enforce }) => enforce === true) });
  }
  if (rules.some(({ enforce }) => enforce !== undefined)) return unknown('the policy is of two kinds');
  const named = (list: 'allowedValues' | 'deniedValues'): readonly string[] =>
    rules.flatMap(({ values }) => values?.[list] ?? []);
  const allowed = named('allowedValues');
  const denied = named('deniedValues');
  const allowsAll =
    rules.some(({ allowAll }) => allowAll === true) || (allowed.length === 0 && denied.length > 0);
  return known({
    kind: 'list',
    allowed: allowsAll ? 'all' : allowed,
    denied: rules.some(({ denyAll }) => denyAll === true) ? 'all' : denied,
  });
}
