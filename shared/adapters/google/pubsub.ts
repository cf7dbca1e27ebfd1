import type { GoogleAccess } from '../../ports.ts';
import { type FactReads, mapFact } from './fact-reads.ts';
import { POLICY, policyOf } from './iam-policy.ts';
import { path } from './rest.ts';

/** Who may publish: https://cloud.google.com/pubsub/docs/reference/rest/v1/projects.topics/getIamPolicy */
export function pubsubReads({ oneOrNone, shared }: FactReads): Pick<GoogleAccess, 'topicPolicy'> {
  return {
    async topicPolicy(project, topic) {
      const reply = await oneOrNone(POLICY, {
        api: 'pubsub',
        path: path`/v1/projects/${project}/topics/${topic}:getIamPolicy`,
        query: { 'options.requestedPolicyVersion': '3' },
      });
      return mapFact(reply, (policy) => (policy === null ? null : policyOf(policy, shared)));
    },
  };
}
