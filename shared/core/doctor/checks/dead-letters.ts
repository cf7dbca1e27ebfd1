import { type Answer, command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import { pubsubAgent } from '../deployment.ts';
import { grantsOneOf } from '../grant.ts';

const PUBLISHERS: ReadonlySet<string> = new Set([
  'roles/pubsub.publisher',
  'roles/pubsub.admin',
  'roles/pubsub.editor',
]);

/** Whether messages that can't be worked on have a place to go, and somebody can read them there. */
export const deadLetters: Check = {
  id: 'dead-letters',
  title: 'Dead letters',
  answers: ({ deadLetters, deployment: { project, name }, projectNumber }) =>
    deadLetters.map(({ topic, policy, subscription }): Answer => {
      const apply = command('terraform apply');
      if (policy.kind === 'unknown') return unclear(`Topic ${topic} could not be read: ${policy.reason}`);
      if (policy.value === null) return missing(`There is no topic ${topic} in ${project}.`, apply);
      if (subscription.kind === 'unknown') {
        return unclear(`The subscription of ${topic} could not be read: ${subscription.reason}`);
      }
      if (subscription.value === null) {
        return missing(
          `Topic ${topic} has no subscription ${name}-${topic}, so that dead letters are lost.`,
          apply,
          command(
            `gcloud pubsub subscriptions create ${name}-${topic} --topic ${topic} --project ${project}`,
          ),
        );
      }
      if (projectNumber.kind === 'unknown') {
        return unclear(`Whether Pub/Sub may publish to ${topic} is not known: ${projectNumber.reason}`);
      }
      const agent = pubsubAgent(projectNumber.value);
      const grants = grantsOneOf([policy.value], agent, PUBLISHERS);
      if (grants !== 'granted') {
        const answer = grants === 'unclear' ? unclear : missing;
        return answer(
          `Pub/Sub (${agent}) may not publish to ${topic}${grants === 'unclear' ? ', unless a role of yours or a condition says so' : ''}.`,
          command(
            `gcloud pubsub topics add-iam-policy-binding ${topic} --project ${project} --member ${agent} --role roles/pubsub.publisher`,
          ),
        );
      }
      return fine(`${topic} takes dead letters, and ${name}-${topic} keeps them for somebody to read.`);
    }),
};
