import { command, conditionFlag, remark } from './command.ts';
import type { GraphBinding, PolicyNode } from './graph.ts';

const HIDDEN =
  'no command: the condition of this binding could not be read, and without it the wrong binding would go; read the policy again in version 3';
const UNWRITABLE = 'no command: the condition cannot be written as a flag; use --condition-from-file';

/**
 * Takes one member out of one binding and touches nothing else: never a whole policy, which would lose the
 * conditions of the others.
 */
export function removeMember(
  node: PolicyNode,
  binding: GraphBinding,
  member: string,
  project: string,
): string {
  return changeMember('remove-iam-policy-binding', node, binding, member, project);
}

/** Adds a member to a role, under the condition of the binding that it replaces. */
export function addMember(
  node: PolicyNode,
  binding: Pick<GraphBinding, 'role' | 'condition'>,
  member: string,
  project: string,
): string {
  return changeMember('add-iam-policy-binding', node, binding, member, project);
}

function changeMember(
  verb: string,
  node: PolicyNode,
  { role, condition }: Pick<GraphBinding, 'role' | 'condition'>,
  member: string,
  project: string,
): string {
  if (condition.kind === 'unknown') return remark(HIDDEN);
  const flag = conditionFlag(condition.value);
  if (flag === null) return remark(UNWRITABLE);
  const rest = [`--member=${member}`, `--role=${role}`, flag];
  switch (node.kind) {
    case 'project':
      return command('gcloud', 'projects', verb, project, ...rest);
    case 'bucket':
      return command('gcloud', 'storage', 'buckets', verb, `gs://${bucketNameOf(node)}`, ...rest);
    case 'repository':
      return command(
        'gcloud',
        'artifacts',
        'repositories',
        verb,
        node.repository.id,
        `--location=${node.repository.location}`,
        `--project=${project}`,
        ...rest,
      );
  }
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
