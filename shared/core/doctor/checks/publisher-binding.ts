import { type Answer, command, fine, missing, unclear } from '../answer.ts';
import type { Check } from '../check.ts';
import { artifactRegistryAgent } from '../deployment.ts';
import { grantsOneOf } from '../grant.ts';

/** Google's roles with the right to publish. */
const PUBLISHERS: ReadonlySet<string> = new Set([
  'roles/artifactregistry.serviceAgent',
  'roles/editor',
  'roles/owner',
  'roles/pubsub.admin',
  'roles/pubsub.editor',
  'roles/pubsub.publisher',
]);

/** Whether Artifact Registry's agent may publish to the topic `gcr` of its project. */
export const publisherBinding: Check = {
  id: 'publisher-binding',
  title: 'Right to publish to topic gcr',
  answers: ({ registries }) =>
    registries.flatMap(({ project, number, topic, policy }): Answer[] => {
      // The check on the topic tells of one that is not there.
      if (topic.kind === 'known' && topic.value === null) return [];
      if (number.kind === 'unknown') {
        return [
          unclear(`Who publishes in ${project} is not known, since its number is not: ${number.reason}`),
        ];
      }
      const agent = artifactRegistryAgent(number.value);
      const places = [topic, policy];
      const read = places.flatMap((place) => (place.kind === 'known' ? (place.value ?? []) : []));
      const grants = grantsOneOf(read, agent, PUBLISHERS);
      if (grants === 'granted') return [fine(`Artifact Registry may publish in ${project}.`)];
      const grant = command(
        `gcloud pubsub topics add-iam-policy-binding gcr --project ${project} --member ${agent} --role roles/pubsub.publisher`,
      );
      for (const place of places) {
        if (place.kind === 'unknown') {
          return [
            unclear(
              `Whether Artifact Registry may publish in ${project} could not be read: ${place.reason}`,
              grant,
            ),
          ];
        }
      }
      if (grants === 'unclear') {
        return [
          unclear(
            `Artifact Registry (${agent}) has a role in ${project} of which is not seen whether it may publish.`,
            grant,
          ),
        ];
      }
      return [missing(`Artifact Registry (${agent}) may not publish to topic gcr of ${project}.`, grant)];
    }),
};
