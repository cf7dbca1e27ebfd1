import type { BindingEvidence, RemedyStep } from '../finding.ts';
import { command, conditionFlag } from './command.ts';
import type { AccessNode, GraphBinding, PolicyNode } from './graph.ts';
import { handStep } from './remedy-step.ts';
import {
  conditionBlocks,
  type HclValue,
  terraformName,
  terraformRemoval,
  terraformResource,
} from './terraform.ts';

const HIDDEN =
  'There is no command for this: the condition of the binding could not be read, and without it the wrong binding would go. Read the policy again in version 3.';
const UNWRITABLE =
  'There is no flag for the condition of this binding: write it into a file and use --condition-from-file.';

/**
 * Takes one member out of one binding and touches nothing else: never a whole policy, which would lose the
 * conditions of the others.
 */
export function removeMember(
  node: AccessNode,
  binding: GraphBinding,
  member: string,
  project: string,
): RemedyStep {
  return changeMember('remove', node, binding, member, project);
}

/** Adds a member to a role, under the condition of the binding that it replaces. */
export function addMember(
  node: AccessNode,
  binding: Pick<GraphBinding, 'role' | 'condition'>,
  member: string,
  project: string,
): RemedyStep {
  return changeMember('add', node, binding, member, project);
}

function changeMember(
  verb: 'add' | 'remove',
  node: AccessNode,
  { role, condition }: Pick<GraphBinding, 'role' | 'condition'>,
  member: string,
  project: string,
): RemedyStep {
  const blocks = conditionBlocks(condition);
  if (condition.kind === 'unknown' || blocks === null) return handStep(HIDDEN);
  const flag = conditionFlag(condition.value);
  if (flag === null) return handStep(UNWRITABLE);
  const { words, type, attributes } = policyHolder(node, project);
  const [group, ...place] = words;
  const block = terraformResource(
    type,
    terraformName(`${member.slice(member.indexOf(':') + 1)}_${role.slice(role.lastIndexOf('/') + 1)}`, [
      node.resource,
      member,
      role,
      condition.value,
    ]),
    { ...attributes, role, member },
    blocks,
  );
  return {
    say:
      verb === 'add'
        ? `Give ${member} ${role} on ${node.label}.`
        : `Take ${role} on ${node.label} from ${member}.`,
    gcloud: [
      command(
        'gcloud',
        ...(group ?? []),
        `${verb}-iam-policy-binding`,
        ...place.flat(),
        `--member=${member}`,
        `--role=${role}`,
        flag,
      ),
    ],
    terraform: verb === 'add' ? block : terraformRemoval(block),
  };
}

/** How gcloud and Terraform name what holds a policy: the words before and after the verb, the resource's attributes. */
function policyHolder(
  node: AccessNode,
  project: string,
): {
  readonly words: readonly (readonly string[])[];
  readonly type: string;
  readonly attributes: Readonly<Record<string, HclValue>>;
} {
  switch (node.kind) {
    case 'project':
      return {
        words: [['projects'], [project]],
        type: 'google_project_iam_member',
        attributes: { project },
      };
    case 'bucket': {
      const bucket = bucketNameOf(node);
      return {
        words: [['storage', 'buckets'], [`gs://${bucket}`]],
        type: 'google_storage_bucket_iam_member',
        attributes: { bucket },
      };
    }
    case 'repository': {
      const { id, location } = node.repository;
      return {
        words: [
          ['artifacts', 'repositories'],
          [id, `--location=${location}`, `--project=${project}`],
        ],
        type: 'google_artifact_registry_repository_iam_member',
        attributes: { project, location, repository: id },
      };
    }
    case 'folder': {
      const number = node.name.slice('folders/'.length);
      return {
        words: [['resource-manager', 'folders'], [number]],
        type: 'google_folder_iam_member',
        attributes: { folder: node.name },
      };
    }
    case 'organization': {
      const number = node.name.slice('organizations/'.length);
      return {
        words: [['organizations'], [number]],
        type: 'google_organization_iam_member',
        attributes: { org_id: number },
      };
    }
    case 'account': {
      const { email } = node.account;
      return {
        words: [
          ['iam', 'service-accounts'],
          [email, `--project=${project}`],
        ],
        type: 'google_service_account_iam_member',
        attributes: { service_account_id: `projects/${project}/serviceAccounts/${email}` },
      };
    }
    case 'topic':
      return {
        words: [
          ['pubsub', 'topics'],
          ['gcr', `--project=${project}`],
        ],
        type: 'google_pubsub_topic_iam_member',
        attributes: { project, topic: 'gcr' },
      };
  }
}

/** The binding as evidence. */
export function bindingEvidence(
  node: Pick<PolicyNode, 'resource'>,
  { role, condition }: Pick<GraphBinding, 'role' | 'condition'>,
  member: string,
): BindingEvidence {
  return { member, role, on: node.resource, condition };
}

/** What tells one member of one binding from all others on the same resource. */
export function bindingSubject({ role, condition }: GraphBinding, member: string): readonly unknown[] {
  return [member, role, condition.kind === 'known' ? condition.value : 'hidden'];
}

/** The end of a sentence that says under which condition a binding holds, or nothing. */
export function underCondition({ condition }: GraphBinding): string {
  if (condition.kind === 'unknown') return ' under a condition that could not be read';
  return condition.value === null ? '' : ` under the condition "${condition.value.title}"`;
}

/** The name of a bucket's node, which is known even where its metadata is not. */
export function bucketNameOf(node: PolicyNode & { readonly kind: 'bucket' }): string {
  return node.resource.slice(node.resource.lastIndexOf('/') + 1);
}
