import { describe, expect, it } from 'vitest';
import { registryEnvironment } from '../../../shared/adapters/registry/environment.ts';

describe('the environment', () => {
  it('that says nothing leaves half of the quota, no proxy, and no host without TLS', () => {
    expect(registryEnvironment({})).toEqual({
      pace: { requestsPerMinute: 30_000, deletesPerMinute: 9_000 },
      proxy: { httpsProxy: '', noProxy: '' },
      plainHttpHosts: [],
    });
  });

  it('sets the pace, the proxy and the hosts without TLS', () => {
    const env = {
      GCR_WARDEN_REQUESTS_PER_MINUTE: '1500',
      GCR_WARDEN_DELETES_PER_MINUTE: ' 450 ',
      GCR_WARDEN_PLAIN_HTTP: 'registry.lan:5000, [fd00::1]:5000,',
      https_proxy: 'http://proxy.lan:3128',
      NO_PROXY: '.lan',
    };
    expect(registryEnvironment(env)).toEqual({
      pace: { requestsPerMinute: 1_500, deletesPerMinute: 450 },
      proxy: { httpsProxy: 'http://proxy.lan:3128', noProxy: '.lan' },
      plainHttpHosts: ['registry.lan:5000', '[fd00::1]:5000'],
    });
  });

  it.each<[name: string, value: string]>([
    ['GCR_WARDEN_REQUESTS_PER_MINUTE', '0'],
    ['GCR_WARDEN_REQUESTS_PER_MINUTE', '60001'],
    ['GCR_WARDEN_REQUESTS_PER_MINUTE', 'many'],
    ['GCR_WARDEN_DELETES_PER_MINUTE', '18001'],
    ['GCR_WARDEN_DELETES_PER_MINUTE', '1.5'],
    ['GCR_WARDEN_PLAIN_HTTP', 'http://registry.lan'],
    ['GCR_WARDEN_PLAIN_HTTP', 'registry.lan/acme'],
    ['GCR_WARDEN_PLAIN_HTTP', '*.lan'],
    ['GCR_WARDEN_PLAIN_HTTP', 'registry.lan,gcr.io'],
    ['GCR_WARDEN_PLAIN_HTTP', 'europe-docker.pkg.dev'],
  ])('is refused with %s=%s', (name, value) => {
    expect(() => registryEnvironment({ [name]: value })).toThrow(
      expect.objectContaining({ code: 'SETTING_INVALID', message: expect.stringContaining(name) }),
    );
  });
});
