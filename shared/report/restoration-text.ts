import { shortDigest } from '../core/digest.ts';
import { quantity } from '../core/quantity.ts';
import { isWhole, manifestReturnSentence, type Restoration, tagReturnSentence } from '../core/restoration.ts';
import { printable, type TextStyle, table, toned } from './text.ts';
import { formatTimeAndAge, inReadersZone } from './time-text.ts';

/** Renders what came back and what could not, manifest by manifest and tag by tag. */
export function renderRestoration(restoration: Restoration, isDryRun: boolean, style: TextStyle): string {
  const { repository, id, manifests, tags, heldUntilMs } = restoration;
  const rows = [
    ...manifests.map(({ digest, outcome }) => [
      'digest',
      shortDigest(digest),
      manifestReturnSentence(outcome),
    ]),
    ...tags.map(({ tag, digest, outcome }) => [
      `tag ${tag}`,
      shortDigest(digest),
      tagReturnSentence(outcome),
    ]),
  ];
  const lines = [`${toned(repository, 'strong', style)}${isDryRun ? '' : `  restoration ${printable(id)}`}`];
  lines.push(table([{ title: 'WHAT' }, { title: 'DIGEST' }, { title: 'OUTCOME' }], rows, style));
  const word = isDryRun ? 'restorable' : 'restored';
  const came = (outcomes: readonly { readonly outcome: { readonly kind: string } }[]): number =>
    outcomes.filter(({ outcome }) => outcome.kind === word).length;
  lines.push(`${word}: ${quantity(came(manifests), 'digest')} and ${quantity(came(tags), 'tag')}`);
  if (!isWhole(restoration)) lines.push(toned('Not everything came back.', 'bad', style));
  if (heldUntilMs !== null) {
    lines.push(
      `On hold until ${formatTimeAndAge(heldUntilMs, style.clock)}: no run takes it before. "gcr-warden hold list" shows it.`,
    );
  }
  return inReadersZone(`${lines.join('\n')}\n`, style.clock);
}
