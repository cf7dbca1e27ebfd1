import { API_VERSION, type JsonSchema, type Keyword } from '../policy-file/keyword.ts';
import { ENTRIES_MAX, TEXT_MAX } from '../policy-file/limits.ts';

const text: JsonSchema = { type: 'string', minLength: 1, maxLength: TEXT_MAX };
const texts: JsonSchema = {
  anyOf: [text, { type: 'array', items: text, minItems: 1, maxItems: ENTRIES_MAX }],
};
const age: JsonSchema = { type: 'string', pattern: '^[1-9][0-9]{0,8}(m|h|d|w)$' };
const expectations: JsonSchema = {
  type: 'object',
  patternProperties: { '^': { anyOf: [texts, { type: 'null' }] } },
};

/** Names of images: they stand in messages and in what is made from them. */
export const IMAGE_NAME = /^[A-Za-z0-9_][A-Za-z0-9._-]{0,99}$/;

/** The keys of an image in a test. */
export const IMAGE_KEYWORDS = {
  tags: {
    description: 'Its tags. One or a list; without it, it has none.',
    example: ['1.4.0'],
    schema: texts,
  },
  uploaded: {
    description: 'How long ago it was uploaded; `unknown` where the registry does not tell.',
    example: '30d',
    schema: { anyOf: [age, { const: 'unknown' }] },
  },
  tagged: {
    description: 'How long ago its tags were put there. Default: when it was uploaded.',
    example: '3d',
    schema: age,
  },
  untagged: {
    description: 'For how long it has had no tag. Default: since it was uploaded.',
    example: '9d',
    schema: age,
  },
  pulled: {
    description: 'How long ago it was pulled last, or `never`. Default: nobody recorded pulls.',
    example: '12d',
    schema: { anyOf: [age, { const: 'never' }] },
  },
  quarantined: {
    description: 'For how long it has been in quarantine, by every rule that has one. Default: it is not.',
    example: '8d',
    schema: age,
  },
  inUse: {
    description: 'What uses it, or true.',
    example: 'pod prod/api',
    schema: { anyOf: [text, { const: true }] },
  },
  size: { description: 'Its size. Default: the registry does not tell.', example: '250MB', schema: text },
  children: {
    description:
      'Makes it an index over manifests of these names, which need not be described. One or a list.',
    example: ['amd64', 'arm64'],
    schema: texts,
  },
  referrers: {
    description: 'Names of manifests that are about it, such as an SBOM. One or a list.',
    example: 'sbom',
    schema: texts,
  },
  signature: { description: 'Whether cosign signed it.', example: true, schema: { type: 'boolean' } },
  mediaType: {
    description: 'Its media type. Default: that of an OCI image, or of an OCI index where it has children.',
    example: 'application/vnd.docker.distribution.manifest.v2+json',
    schema: text,
  },
  artifactType: {
    description: 'Its artifact type.',
    example: 'application/vnd.example.report',
    schema: text,
  },
  digest: {
    description: 'Its digest, for rules with `digests`. Default: one made from its name.',
    example: 'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    schema: { type: 'string', pattern: '^sha256:[0-9a-f]{64}$' },
  },
  unreadable: {
    description: 'Why what it points at could not be read.',
    example: 'the registry answered 503',
    schema: text,
  },
} as const satisfies Record<string, Keyword>;

/** What a test may expect of the limits of a run. The limit a day hangs on other runs, and is none of them. */
export const EXPECTED_LIMITS = ['within', 'digests', 'share', 'size', 'last-artifact', 'freeze'] as const;

/** The keys of a test. */
export const TEST_KEYWORDS = {
  apiVersion: {
    description: 'The version of the policy language.',
    example: API_VERSION,
    schema: { const: API_VERSION },
  },
  test: { description: 'What the test shows.', example: 'releases stay', schema: text },
  repository: {
    description: 'The repository that the images are in, as HOST/NAME. With a snapshot: which one of it.',
    example: 'europe-docker.pkg.dev/acme/services/api',
    schema: text,
  },
  now: {
    description:
      'The time at which is judged, with its offset. With a snapshot: when it was taken, or later.',
    example: '2026-01-31T03:00Z',
    schema: text,
  },
  images: {
    description: 'The images of the repository, by names of your own.',
    example: { release: { tags: '1.4.0', uploaded: '30d' } },
    schema: {
      type: 'object',
      patternProperties: { [IMAGE_NAME.source]: { $ref: '#/$defs/image' } },
      additionalProperties: false,
    },
  },
  usage: {
    description:
      'How those who know what runs answer. Default: complete where an image is in use, otherwise none.',
    example: 'complete',
    schema: { enum: ['complete', 'best-effort', 'unknown', 'none'] },
  },
  snapshot: {
    description: 'A file of "gcr-warden snapshot" instead of images, relative to the test.',
    example: 'api.snapshot.json',
    schema: text,
  },
  kept: {
    description:
      'What has to be kept, with the rule that has to decide it, or `(no rule)`, `(needed)`, `(unreadable)`, `(quarantine)`.',
    example: { release: 'releases' },
    schema: expectations,
  },
  deleted: {
    description: 'What has to be deleted, with the rule that has to decide it.',
    example: { stale: 'pull-requests' },
    schema: expectations,
  },
  others: {
    description: 'What has to happen to images that are not named: kept, or any. Default: kept.',
    example: 'any',
    schema: { enum: ['kept', 'any'] },
  },
  limit: {
    description:
      'Whether the policies’ limits let a run go on: within, or the limit that has to stop it. Default: not asked.',
    example: 'within',
    schema: { enum: EXPECTED_LIMITS },
  },
} as const satisfies Record<string, Keyword>;
