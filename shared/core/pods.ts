import { messageOf, WardenError } from './error.ts';
import { record, text } from './usage/field.ts';
import { DEFAULT_ROLLBACK_DEPTH, type KubernetesReading, usesOfKubernetes } from './usage/kubernetes.ts';
import type { Use } from './usage.ts';

const HOW =
  'Make it with: kubectl get pods,deployments,replicasets,statefulsets,daemonsets,controllerrevisions,jobs,cronjobs --all-namespaces --output json';

/** How a list of objects is read where nobody says otherwise. */
const READING: Omit<KubernetesReading, 'kind'> = { rollbackDepth: DEFAULT_ROLLBACK_DEPTH, where: null };

/**
 * Reads what runs from the answer of `kubectl get … --all-namespaces --output json`: a `List` of objects of
 * any kind, or a `PodList` and the like.
 * @throws WardenError PODS_INVALID where the document is no such list, or not the whole of one
 */
export function parsePods(document: string, reading: Partial<typeof READING> = {}): Use[] {
  let value: unknown;
  try {
    value = JSON.parse(document);
  } catch (cause) {
    throw new WardenError('PODS_INVALID', `The list of pods is not JSON: ${messageOf(cause)}.`, { cause });
  }
  return usesOfPods(value, reading);
}

/**
 * Reads what runs from such a list, parsed.
 * @throws WardenError PODS_INVALID where it is no list of objects, or not the whole of one
 */
export function usesOfPods(value: unknown, reading: Partial<typeof READING> = {}): Use[] {
  const list = record(value);
  const items = list['items'];
  if (!Array.isArray(items)) {
    throw new WardenError('PODS_INVALID', `The list of pods has no "items". ${HOW}`);
  }
  // A list that says it continues is not the whole of what runs.
  if (text(record(list['metadata'])['continue']) !== null) {
    throw new WardenError(
      'PODS_INVALID',
      'The list of pods is cut: its "metadata.continue" says that there is more.',
    );
  }
  const [, kind = 'Pod'] = /^(.+)List$/.exec(text(list['kind']) ?? '') ?? [];
  return usesOfKubernetes(items, { ...READING, ...reading, kind });
}
