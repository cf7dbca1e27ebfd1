/** Which proxy HTTPS goes through, in the form of the usual environment variables. */
export interface ProxySettings {
  /** The URL of `HTTPS_PROXY`; empty for none. May hold the proxy's own password. */
  readonly httpsProxy: string;
  /** The hosts of `NO_PROXY`, with commas between them; empty for none. */
  readonly noProxy: string;
}

/** Reads `HTTPS_PROXY` and `NO_PROXY`. Plain HTTP goes through no proxy, so `HTTP_PROXY` is not looked at. */
export function proxyIn(env: Readonly<Record<string, string | undefined>>): ProxySettings {
  return {
    httpsProxy: env['https_proxy'] ?? env['HTTPS_PROXY'] ?? '',
    noProxy: env['no_proxy'] ?? env['NO_PROXY'] ?? '',
  };
}
