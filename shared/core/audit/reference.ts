import type { Reference } from './check.ts';

/** A recommendation of the CIS benchmark for Google Cloud, by the version that numbers it so. */
export function cis(version: string, id: string): Reference {
  return { kind: 'cis', framework: 'CIS Google Cloud Platform Foundation Benchmark', version, id };
}

/** A page of Google's documentation. */
export function google(title: string, url: `https://${string}`): Reference {
  return { kind: 'documentation', title, url };
}

/** A reference as a line of text; `framework version id` or `title`. */
export function referenceText(reference: Reference): string {
  return reference.kind === 'cis'
    ? `${reference.framework} ${reference.version}, ${reference.id}`
    : reference.title;
}
