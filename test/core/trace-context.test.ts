import { expect, it } from 'vitest';
import { formatTraceparent, parseTraceparent } from '../../shared/core/trace-context.ts';

const TRACE = '0af7651916cd43dd8448eb211c80319c';
const SPAN = 'b7ad6b7169203331';

it.each([
  [`00-${TRACE}-${SPAN}-01`, true],
  [`00-${TRACE}-${SPAN}-00`, false],
  [`00-${TRACE}-${SPAN}-03`, true],
  // A later version may tell more.
  [`01-${TRACE}-${SPAN}-01-what-comes`, true],
])('reads %s', (text, isSampled) => {
  expect(parseTraceparent(text)).toEqual({ traceId: TRACE, spanId: SPAN, isSampled });
});

it.each([
  '',
  'gcr-warden',
  `00-${TRACE}-${SPAN}`,
  `00-${TRACE}-${SPAN}-01-more`,
  `ff-${TRACE}-${SPAN}-01`,
  `00-${'0'.repeat(32)}-${SPAN}-01`,
  `00-${TRACE}-${'0'.repeat(16)}-01`,
  `00-${TRACE.toUpperCase()}-${SPAN}-01`,
  `01-${TRACE}-${SPAN}-01-${'x'.repeat(1_000)}`,
  `00-${TRACE}-${SPAN}-01\n{"severity":"ERROR"}`,
])('takes %j for none', (text) => {
  expect(parseTraceparent(text)).toBeNull();
});

it('writes what it reads', () => {
  for (const flags of ['00', '01']) {
    const text = `00-${TRACE}-${SPAN}-${flags}`;
    const read = parseTraceparent(text);
    expect(read && formatTraceparent(read)).toBe(text);
  }
});
