import { parseDocument } from 'yaml';
import { messageOf, WardenError } from '../error.ts';
import type { Use } from '../usage.ts';
import { at, record, records, text, time } from './field.ts';
import { usesOfImage } from './image.ts';

/** Where Container-Optimized OS reads what to start. */
const DECLARATION = 'gce-container-declaration';

/** No declaration needs more. */
const ALIASES_MAX = 10;

/**
 * Reads what instances and instance templates of Compute Engine start as containers: the declaration in their
 * metadata (https://cloud.google.com/compute/docs/containers/deploying-containers). What a startup script
 * starts by itself nobody can tell.
 * @throws WardenError PODS_INVALID where a declaration can't be read
 */
export function usesOfCompute(resources: readonly unknown[], kind: 'instance' | 'instance template'): Use[] {
  return resources.flatMap((value) => {
    const resource = record(value);
    const properties = kind === 'instance' ? resource : record(resource['properties']);
    const by = `Compute Engine ${kind} ${placeOf(resource)}`;
    const sinceMs = time(resource['creationTimestamp']);
    return records(at(properties, 'metadata', 'items'))
      .filter((item) => item['key'] === DECLARATION)
      .flatMap((item) => imagesIn(text(item['value']) ?? '', by))
      .flatMap((image) => usesOfImage({ image, resolved: null, by, sinceMs, pullsTag: true }));
  });
}

function imagesIn(declaration: string, by: string): string[] {
  let value: unknown;
  try {
    const document = parseDocument(declaration);
    const [problem] = document.errors;
    if (problem !== undefined) throw problem;
    value = document.toJS({ maxAliasCount: ALIASES_MAX });
  } catch (cause) {
    // The parser shows a piece of the text, which may hold a secret of the container's environment.
    throw new WardenError('PODS_INVALID', `The container declaration of ${by} is no YAML.`, {
      cause: messageOf(cause).split('\n')[0],
    });
  }
  const containers = at(value, 'spec', 'containers');
  if (!Array.isArray(containers)) {
    throw new WardenError('PODS_INVALID', `The container declaration of ${by} names no containers.`);
  }
  return records(containers).flatMap((container) => text(container['image']) ?? []);
}

/** `acme/europe-west1-b/vm-1`, from the resource's own address. */
function placeOf(resource: ReturnType<typeof record>): string {
  const name = text(resource['name']) ?? 'unnamed';
  const link = text(resource['selfLink']) ?? '';
  const [, project, place] = /\/projects\/([^/]+)\/(?:(?:zones|regions)\/([^/]+)\/)?/.exec(link) ?? [];
  return [project, place, name].filter((part) => part !== undefined).join('/');
}
