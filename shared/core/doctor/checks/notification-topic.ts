import { type Answer, command, fine, missing, terraform, unclear } from '../answer.ts';
import type { Check } from '../check.ts';

/** Whether each project with registries has the topic that Artifact Registry publishes to. */
export const notificationTopic: Check = {
  id: 'notification-topic',
  title: 'Topic gcr',
  answers: ({ registries, deployment: { targets } }) => {
    if (targets.kind === 'unknown') return [unclear(targets.reason)];
    return registries.map(({ project, topic }): Answer => {
      if (topic.kind === 'unknown')
        return unclear(`Topic gcr of ${project} could not be read: ${topic.reason}`);
      if (topic.value !== null) return fine(`${project} has its topic gcr.`);
      return missing(
        `${project} has no topic gcr, so that no push is told.`,
        terraform('create_gcr_topic = true'),
        command(`gcloud pubsub topics create gcr --project ${project}`),
      );
    });
  },
};
