import type { DocumentReader, Entry } from '../policy-file/document.ts';
import { isName } from '../policy-file/rule.ts';
import { quoted } from '../policy-file/spelling.ts';
import { type Parsed, parsed, refused } from '../units.ts';
import type { Expectation, ExpectedDecider, TestPlace } from './policy-test.ts';

/** Reads what a test expects to be kept, or to be deleted. */
export function readExpectations(
  reader: DocumentReader,
  entry: Entry | undefined,
  verdict: Expectation['verdict'],
  placeOf: (offset: number) => TestPlace,
): readonly Expectation[] {
  if (entry === undefined) return [];
  const named = reader.entries(entry.value, entry, entry.key);
  const found: Expectation[] = [];
  const seen = new Set<string>();
  for (const one of named ?? []) {
    if (seen.has(one.key)) {
      reader.reportKey('POLICY_DUPLICATE_KEY', one, `${quoted(one.key)} stands twice in ${entry.key}.`);
    }
    seen.add(one.key);
    const deciders: ExpectedDecider[] = [];
    for (const node of one.value === null ? [] : (reader.list(one) ?? [])) {
      const text = reader.text(node, one, one.key, 'the name of a rule');
      if (text === null) continue;
      const decider = parseDecider(text, verdict);
      if (decider.kind === 'parsed') deciders.push(decider.value);
      else reader.report('POLICY_VALUE', node, `${quoted(text)} decides nothing: ${decider.why}.`);
    }
    found.push({ image: one.key, verdict, deciders, place: placeOf(one.keyOffset) });
  }
  return found;
}

/** What a test may write where no rule decides: in brackets, which no name of a rule has. */
const BECAUSE = {
  '(no rule)': 'no rule names it',
  '(needed)': 'something kept needs it',
  '(unreadable)': 'its relations are not known',
  '(quarantine)': 'in quarantine',
} as const;

const DECIDER = /^(?:([^/ ]+)\/)?([^/ ]+)( \(unknown\))?$/;

function parseDecider(text: string, verdict: Expectation['verdict']): Parsed<ExpectedDecider> {
  if (Object.hasOwn(BECAUSE, text)) {
    if (verdict === 'delete') return refused('only a rule deletes');
    return parsed({ kind: 'because', because: BECAUSE[text as keyof typeof BECAUSE] });
  }
  const [, policy, rule, notKnown] = DECIDER.exec(text) ?? [];
  if (!isName(rule) || (policy !== undefined && !isName(policy))) {
    return refused(
      `write the name of a rule, "rule (unknown)" where what it asks for is not known, policy/rule, or one of ${Object.keys(BECAUSE).join(', ')}`,
    );
  }
  if (notKnown !== undefined && verdict === 'delete') return refused('what is not known deletes nothing');
  return parsed({
    kind: 'rule',
    policy: policy ?? null,
    rule,
    answer: notKnown === undefined ? 'yes' : 'unknown',
  });
}
