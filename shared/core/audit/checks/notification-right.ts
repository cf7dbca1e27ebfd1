import { known } from '../../fact.ts';
import type { Binding } from '../access.ts';
import { addMember } from '../binding.ts';
import { type AuditCase, type Check, findingOf } from '../check.ts';
import { bind, repliesWith } from '../example.ts';
import { conditionOf, topicResource } from '../graph.ts';
import { isPublic } from '../member.ts';
import { google } from '../reference.ts';
import { ROLE_PERMISSIONS } from '../role-permissions.ts';
import { type Stands, standsOf, upFrom } from '../stand-for.ts';

const AGENT = 'serviceAccount:service-123456789012@gcp-sa-artifactregistry.iam.gserviceaccount.com';
const PUBLISH = 'pubsub.topics.publish';

/** Roles of Google's with the right to publish, by their documentation; our table says nothing of Pub/Sub. */
const PUBLISHERS = [
  'roles/artifactregistry.serviceAgent',
  'roles/pubsub.publisher',
  'roles/pubsub.editor',
  'roles/pubsub.admin',
  'roles/editor',
  'roles/owner',
];

/** Services whose roles say nothing of Pub/Sub, the one agent's above aside. */
const OTHERS = /^roles\/(?:(?:artifactregistry|containerregistry|iam|storage)\.[A-Za-z.]+|viewer|browser)$/;

const withTopic = (...bindings: ReturnType<typeof bind>[]) =>
  repliesWith({ topicPolicy: known({ bindings: [] }), projectPolicy: known({ bindings }) });

/** Whether anybody hears of a push. */
export const notificationRight: Check = {
  id: 'notification-right',
  title: 'Artifact Registry may not publish to topic gcr',
  severity: 'medium',
  rationale:
    'Artifact Registry tells of each push and each deletion on the topic gcr, as its service agent. Where that agent lost its role, no error is seen anywhere: there is only silence.',
  decided:
    'The topic gcr exists, and `service-N@gcp-sa-artifactregistry` has `pubsub.topics.publish` neither on it nor on the project or above. UNKNOWN where a policy, a role or the number of the project could not be read, and where the right hangs on a condition. Without the topic nothing is published, and it is PASS.',
  references: [
    google(
      'Configure Pub/Sub notifications',
      'https://cloud.google.com/artifact-registry/docs/configure-notifications',
    ),
    google(
      'Artifact Registry Service Agent',
      'https://cloud.google.com/artifact-registry/docs/ar-service-account',
    ),
  ],
  examples: [
    { title: 'The agent has no role any more', replies: () => withTopic(), answers: ['FAIL medium'] },
    {
      title: 'The agent with the role that Google gave it',
      replies: () => withTopic(bind('roles/artifactregistry.serviceAgent', AGENT)),
      answers: ['PASS'],
    },
    {
      title: 'The agent with a role that could not be read',
      replies: () => withTopic(bind('projects/acme/roles/agent', AGENT)),
      answers: ['UNKNOWN'],
    },
    { title: 'A project without the topic', replies: () => repliesWith(), answers: ['PASS'] },
  ],
  run(audit) {
    const { graph, replies } = audit;
    const say = (status: 'PASS' | 'UNKNOWN', evidence: string) => [
      findingOf(notificationRight, audit, {
        status,
        resource: topicResource(replies.project, 'gcr'),
        evidence,
      }),
    ];
    const { topic, projectNumber } = graph;
    if (topic.kind === 'unknown')
      return say('UNKNOWN', `The policy of topic gcr could not be read: ${topic.reason}`);
    const gcr = topic.value;
    if (gcr === null) return say('PASS', 'The project has no topic gcr, so nothing is published');
    if (projectNumber.kind === 'unknown') {
      return say(
        'UNKNOWN',
        `Which agent publishes is not known without the number of the project: ${projectNumber.reason}`,
      );
    }
    const agent = `serviceAccount:service-${projectNumber.value}@gcp-sa-artifactregistry.iam.gserviceaccount.com`;
    const doubts = new Set<string>();
    const stands = standsOf(graph);
    for (const node of [gcr, ...upFrom(graph, doubts)]) {
      if (node.bindings.kind === 'unknown') {
        doubts.add(`the policy of ${node.label}: ${node.bindings.reason}`);
        continue;
      }
      for (const { role, written } of node.bindings.value) {
        const right = publishes(role, audit);
        if (right === false) continue;
        for (const binding of written) {
          if (!names(binding, agent, stands, doubts)) continue;
          const condition = conditionOf(binding);
          const isSure = right === true && condition.kind === 'known' && condition.value === null;
          if (isSure) return say('PASS', `${agent} may publish by ${role} on ${node.label}`);
          doubts.add(
            right === true
              ? `${role} on ${node.label} hangs on a condition`
              : `what ${role} on ${node.label} allows: ${right}`,
          );
        }
      }
    }
    const [first] = [...doubts].sort();
    if (first !== undefined)
      return say('UNKNOWN', `Whether ${agent} may publish to topic gcr is not known: ${first}`);
    return [
      findingOf(notificationRight, audit, {
        status: 'FAIL',
        resource: gcr.resource,
        evidence: `${agent} has no right to publish to topic gcr`,
        risk: 'Pushes are not recorded: ages and histories of tags are then known from the nightly listing only.',
        remediation: () => [
          addMember(gcr, { role: 'roles/pubsub.publisher', condition: known(null) }, agent, replies.project),
        ],
      }),
    ];
  },
};

/** Whether a role lets publish; a text says why that is not known. */
function publishes(role: string, { replies }: AuditCase): boolean | string {
  if (PUBLISHERS.includes(role)) return true;
  if (OTHERS.test(role)) return false;
  const read = Object.hasOwn(replies.roles, role) ? replies.roles[role] : undefined;
  if (read?.kind === 'known') return read.value.includes(PUBLISH);
  if (read?.kind === 'unknown') return read.reason;
  return ROLE_PERMISSIONS.has(role)
    ? 'what the role allows over topics was not read'
    : 'the role was not asked for';
}

function names(
  { members }: Binding,
  agent: string,
  stands: (member: string) => Stands,
  doubts: Set<string>,
): boolean {
  for (const member of members) {
    if (member === agent || isPublic(member)) return true;
    if (!member.startsWith('group:')) continue;
    const { stands: inside, unseen } = stands(member);
    if (inside.some(({ who }) => who === agent)) return true;
    for (const reason of unseen) doubts.add(reason);
  }
  return false;
}
