import type { Node } from 'yaml';
import { isDigest } from '../digest.ts';
import { type Fact, known, unknown } from '../fact.ts';
import { subjectOfTag } from '../manifest.ts';
import type { DocumentReader, Entry } from '../policy-file/document.ts';
import { readUnit } from '../policy-file/rule.ts';
import { quoted } from '../policy-file/spelling.ts';
import { isTag } from '../reference.ts';
import { parseAge, parsed, parseSize } from '../units.ts';
import { IMAGE_KEYWORDS, IMAGE_NAME } from './keyword.ts';
import type { WrittenImage } from './policy-test.ts';

/** Reads the images of a test; null where there are none to read. */
export function readImages(reader: DocumentReader, entry: Entry | undefined): readonly WrittenImage[] | null {
  if (entry === undefined) return null;
  const named = reader.entries(entry.value, entry, 'images');
  if (named === null) return null;
  const images: WrittenImage[] = [];
  const seen = new Set<string>();
  for (const one of named) {
    if (!isImageName(reader, one, one.key)) continue;
    if (seen.has(one.key)) {
      reader.reportKey(
        'POLICY_DUPLICATE_KEY',
        one,
        `There already is an image ${one.key}: give each its own name.`,
      );
      continue;
    }
    seen.add(one.key);
    const image = readImage(reader, one);
    if (image !== null) images.push(image);
  }
  return images;
}

function isImageName(reader: DocumentReader, at: Node | Entry, name: string): boolean {
  if (IMAGE_NAME.test(name)) return true;
  const message = `${quoted(name)} is no name of an image: use letters, digits, . _ and -, at most 100.`;
  if ('keyOffset' in at) reader.reportKey('POLICY_NAME', at, message);
  else reader.report('POLICY_NAME', at, message);
  return false;
}

function readImage(reader: DocumentReader, named: Entry): WrittenImage | null {
  const { key: name } = named;
  const entries = reader.mapping(named.value, named, `the image ${name}`, IMAGE_KEYWORDS);
  if (entries === null) return null;
  const before = reader.problems.length;
  const age = (key: keyof typeof IMAGE_KEYWORDS): number | null => {
    const entry = entries.get(key);
    return entry === undefined
      ? null
      : readUnit(reader, entry, 'POLICY_DURATION', 'a length of time such as 7d', parseAge);
  };
  const word = (key: keyof typeof IMAGE_KEYWORDS): string | null => {
    const entry = entries.get(key);
    return entry === undefined ? null : reader.text(entry.value, entry, entry.key, 'a text');
  };
  const tags = texts(reader, entries.get('tags'), (node, tag) => {
    if (isTag(tag) && subjectOfTag(tag) === null) return true;
    const why = isTag(tag) ? 'is that of a signature: write signature: true at what is signed' : 'is no tag';
    reader.report('POLICY_TAG_PATTERN', node, `${quoted(tag)} ${why}.`);
    return false;
  });
  const isName = (node: Node, text: string): boolean => isImageName(reader, node, text);
  const uploaded = entries.get('uploaded');
  if (uploaded === undefined) {
    reader.reportKey(
      'POLICY_MISSING_KEY',
      named,
      `The image ${name} has no uploaded. Write for example uploaded: 30d, or uploaded: unknown.`,
    );
  }
  const signature = entries.get('signature');
  const digest = word('digest');
  const image: WrittenImage = {
    name,
    digest: isDigest(digest) ? digest : null,
    tags,
    uploadedAgeMs:
      uploaded === undefined
        ? null
        : readUnit(reader, uploaded, 'POLICY_DURATION', 'a length of time such as 7d, or unknown', (text) =>
            text === 'unknown' ? parsed(null) : parseAge(text),
          ),
    taggedAgeMs: age('tagged'),
    untaggedAgeMs: age('untagged'),
    pulledAgeMs: readPulled(reader, entries.get('pulled')),
    quarantinedAgeMs: age('quarantined'),
    sizeBytes: readSize(reader, entries.get('size')),
    mediaType: word('mediaType'),
    artifactType: word('artifactType'),
    children: texts(reader, entries.get('children'), isName),
    referrers: texts(reader, entries.get('referrers'), isName),
    isSigned: signature === undefined ? false : reader.flag(signature) === true,
    usedBy: readUsedBy(reader, entries.get('inUse')),
    unreadable: word('unreadable'),
  };
  const digestEntry = entries.get('digest');
  if (digestEntry !== undefined && digest !== null && image.digest === null) {
    reader.report(
      'POLICY_DIGEST',
      digestEntry,
      `${quoted(digest)} is no digest: write sha256: and 64 hexadecimal digits in lower case.`,
    );
  }
  if (reader.problems.length > before) return null;
  return isPossible(reader, image, entries) ? image : null;
}

function texts(
  reader: DocumentReader,
  entry: Entry | undefined,
  isRight: (node: Node, text: string) => boolean,
): readonly string[] {
  if (entry === undefined) return [];
  const found: string[] = [];
  for (const node of reader.list(entry) ?? []) {
    const text = reader.text(node, entry, entry.key);
    if (text === null || !isRight(node, text)) continue;
    if (found.includes(text)) reader.report('POLICY_CONTRADICTION', node, `${text} is named twice.`);
    else found.push(text);
  }
  return found;
}

function readPulled(reader: DocumentReader, entry: Entry | undefined): WrittenImage['pulledAgeMs'] {
  if (entry === undefined) return unknown('pulls are not recorded');
  const wanted = 'a length of time such as 7d, or never';
  const found = readUnit(reader, entry, 'POLICY_DURATION', wanted, (text) =>
    text === 'never' ? parsed<number | null>(null) : parseAge(text),
  );
  return known(found);
}

function readSize(reader: DocumentReader, entry: Entry | undefined): Fact<number> {
  const sizeBytes =
    entry === undefined ? null : readUnit(reader, entry, 'POLICY_SIZE', 'a size such as 250MB', parseSize);
  return sizeBytes === null ? unknown('the test does not tell its size') : known(sizeBytes);
}

function readUsedBy(reader: DocumentReader, entry: Entry | undefined): string | null {
  if (entry === undefined) return null;
  const scalar = reader.scalar(entry.value, entry, entry.key, 'what uses it, or true');
  if (scalar === null) return null;
  if (scalar.value === true) return 'a workload';
  return reader.text(entry.value, entry, entry.key, 'what uses it, or true');
}

/** Reports what can't be true of one image. */
function isPossible(
  reader: DocumentReader,
  image: WrittenImage,
  entries: ReadonlyMap<string, Entry>,
): boolean {
  const before = reader.problems.length;
  const wrong = (key: string, why: string): void => {
    const entry = entries.get(key);
    if (entry !== undefined) reader.report('POLICY_CONTRADICTION', entry, `${image.name}: ${why}.`);
  };
  const { uploadedAgeMs, taggedAgeMs, untaggedAgeMs } = image;
  const oldestMs = uploadedAgeMs ?? Number.POSITIVE_INFINITY;
  if (taggedAgeMs !== null && image.tags.length === 0) wrong('tagged', 'it has no tags');
  if (untaggedAgeMs !== null && image.tags.length > 0) wrong('untagged', 'it has tags');
  if ((taggedAgeMs ?? 0) > oldestMs) wrong('tagged', 'it was not there yet');
  if ((untaggedAgeMs ?? 0) > oldestMs) wrong('untagged', 'it was not there yet');
  const pulledAgeMs = image.pulledAgeMs.kind === 'known' ? (image.pulledAgeMs.value ?? 0) : 0;
  if (pulledAgeMs > oldestMs) wrong('pulled', 'it was not there yet');
  if ((image.quarantinedAgeMs ?? 0) > oldestMs) wrong('quarantined', 'it was not there yet');
  if ([...image.children, ...image.referrers].includes(image.name)) {
    wrong(image.children.includes(image.name) ? 'children' : 'referrers', 'it is named as a part of itself');
  }
  if (image.unreadable !== null && image.children.length > 0) {
    wrong('unreadable', 'what can’t be read shows no children');
  }
  return reader.problems.length === before;
}
