import type { Fact } from '../../fact.ts';
import { type Answer, command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import { type Deployment, eventSubscription, pubsubAgent } from '../deployment.ts';
import { grantsOneOf } from '../grant.ts';
import type { SubscriptionSeen } from '../observation.ts';

/** Google's roles with which Pub/Sub's agent may acknowledge what it moves to a dead-letter topic. */
const SUBSCRIBERS: ReadonlySet<string> = new Set([
  'roles/editor',
  'roles/owner',
  'roles/pubsub.admin',
  'roles/pubsub.editor',
  'roles/pubsub.serviceAgent',
  'roles/pubsub.subscriber',
]);

/** Whether what is told reaches the functions, with an identity, and what can't be worked on is not lost. */
export const pushSubscriptions: Check = {
  id: 'push-subscriptions',
  title: 'Push subscriptions',
  answers: ({ registries, work, audits, deployment, projectNumber }) => {
    if (deployment.targets.kind === 'unknown') return [unclear(deployment.targets.reason)];
    const topic = `projects/${deployment.project}/topics/work`;
    const handedOver =
      audits === null
        ? []
        : [answerOf(deployment, `${deployment.name}-audits`, { topic, ...audits }, projectNumber)];
    if (registries.length === 0) return handedOver;
    const events = registries.map(({ project, subscription, subscriptionPolicy }) =>
      answerOf(
        deployment,
        eventSubscription(deployment, project),
        { topic: `projects/${project}/topics/gcr`, subscription, policy: subscriptionPolicy },
        projectNumber,
      ),
    );
    const working = answerOf(deployment, `${deployment.name}-work`, { topic, ...work }, projectNumber);
    return [...events, working, ...handedOver];
  },
};

function answerOf(
  { project }: Deployment,
  name: string,
  {
    topic,
    subscription,
    policy,
  }: {
    readonly topic: string;
  } & SubscriptionSeen,
  projectNumber: Fact<string>,
): Answer {
  const apply = command('terraform apply');
  if (subscription.kind === 'unknown')
    return unclear(`Subscription ${name} could not be read: ${subscription.reason}`);
  const seen = subscription.value;
  if (seen === null) return missing(`There is no subscription ${name} in ${project}.`, apply);
  if (seen.topic !== topic)
    return missing(`Subscription ${name} hangs on ${seen.topic}, and not on ${topic}.`, apply);
  if (seen.pushEndpoint === null) return missing(`Subscription ${name} pushes nothing.`, apply);
  if (seen.pushAccount === null) return missing(`Subscription ${name} pushes without an identity.`, apply);
  if (seen.deadLetterTopic === null) return missing(`Subscription ${name} has no dead-letter topic.`, apply);
  if (projectNumber.kind === 'unknown') {
    return unclear(`Whether dead letters of ${name} can be moved is not known: ${projectNumber.reason}`);
  }
  if (policy.kind === 'unknown') {
    return unclear(`Whether dead letters of ${name} can be moved could not be read: ${policy.reason}`);
  }
  const agent = pubsubAgent(projectNumber.value);
  const grants = grantsOneOf(policy.value === null ? [] : [policy.value], agent, SUBSCRIBERS);
  if (grants !== 'granted') {
    const answer = grants === 'unclear' ? unclear : missing;
    return answer(
      `Pub/Sub (${agent}) can't move dead letters from ${name}${grants === 'unclear' ? ', unless a role of yours or a condition says so' : ''}.`,
      command(
        `gcloud pubsub subscriptions add-iam-policy-binding ${name} --project ${project} --member ${agent} --role roles/pubsub.subscriber`,
      ),
    );
  }
  return fine(`${name} pushes, with an identity and a dead-letter topic.`);
}
