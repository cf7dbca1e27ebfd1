import { describe, expect, it } from 'vitest';
import { complaintsIn, failureOf, redactedUrl } from '../../../shared/adapters/registry/registry-error.ts';

const LINE = { method: 'GET', url: 'https://gcr.io/v2/acme/api/tags/list' };
const bytes = (body: unknown): Buffer => Buffer.from(typeof body === 'string' ? body : JSON.stringify(body));

describe('an error of a registry', () => {
  it.each([
    [400, 'REGISTRY_UNEXPECTED', false],
    [401, 'REGISTRY_UNAUTHORIZED', false],
    [403, 'REGISTRY_DENIED', false],
    [404, 'REGISTRY_NOT_FOUND', false],
    [408, 'REGISTRY_UNAVAILABLE', true],
    [429, 'REGISTRY_RATE_LIMITED', true],
    [500, 'REGISTRY_UNAVAILABLE', true],
    [503, 'REGISTRY_UNAVAILABLE', true],
  ])(
    'after %i is %s, with method, URL, status and what the registry said; retryable: %s',
    (status, code, retryable) => {
      const body = bytes({ errors: [{ code: 'DENIED', message: 'Permission "x" denied' }] });
      const failure = failureOf(LINE, { status, body }, []);
      expect(failure).toMatchObject({
        ...LINE,
        code,
        status,
        retryable,
        complaints: [{ code: 'DENIED', message: 'Permission "x" denied' }],
      });
      expect(failure.message).toContain(`GET ${LINE.url} answered ${status} DENIED "Permission "x" denied".`);
    },
  );

  it('holds at most ten complaints of 300 characters, however long the body is', () => {
    const errors = Array.from({ length: 1_000 }, () => ({ code: 'DENIED', message: 'x'.repeat(10_000) }));
    const failure = failureOf(LINE, { status: 403, body: bytes({ errors }) }, []);
    expect(failure.complaints).toHaveLength(10);
    expect(failure.message.length).toBeLessThan(5_000);
    expect(JSON.stringify(failure).length).toBeLessThan(5_000);
  });

  it.each<[name: string, body: string]>([
    ['a page of a proxy', '<html>secret</html>'],
    ['a cut document', '{"errors":[{"code":"DENIED","message":"secret'],
    ['a list', '["secret"]'],
    ['errors that are no list', '{"errors":"secret"}'],
    ['a code that is no code', '{"errors":[{"code":"se cret","message":"secret"}]}'],
  ])('shows nothing of %s', (_name, body) => {
    expect(complaintsIn(Buffer.from(body), [])).toEqual([]);
    expect(failureOf(LINE, { status: 403, body: Buffer.from(body) }, []).message).not.toContain('secret');
  });

  it('keeps no half of a secret at the place where it is cut', () => {
    const message = `${'x'.repeat(290)}a-long-secret-that-would-be-cut`;
    const [complaint] = complaintsIn(bytes({ errors: [{ code: 'DENIED', message }] }), [
      'a-long-secret-that-would-be-cut',
    ]);
    expect(complaint?.message).toBe(`${'x'.repeat(290)}[secret]`);
  });

  it('writes what a registry said on one line', () => {
    const [complaint] = complaintsIn(bytes({ errors: [{ code: 'X', message: 'a\r\nb\u0007c' }] }), []);
    expect(complaint?.message).toBe('a b c');
  });
});

describe('a URL that is shown', () => {
  it.each([
    ['https://me:pw@gcr.io/v2/a/tags/list?n=100&last=x', 'https://gcr.io/v2/a/tags/list?n=100&last=x'],
    [
      'https://gcr.io/v2/token?service=gcr.io&scope=s&token=t',
      'https://gcr.io/v2/token?service=gcr.io&scope=s&token=…',
    ],
    ['https://gcr.io/blob?X-Goog-Signature=abc#here', 'https://gcr.io/blob?X-Goog-Signature=…'],
  ])('%s loses its secrets', (text, shown) => {
    expect(redactedUrl(new URL(text))).toBe(shown);
  });

  it('has 500 characters and a sign that it goes on', () => {
    expect(redactedUrl(new URL(`https://gcr.io/${'a'.repeat(10_000)}`))).toHaveLength(501);
  });
});
