/** What must never be printed or kept: the heart of a private key. */
export const PRIVATE = 'MIIEvQIBADANBgkqhkiG9w0BAQEFAASCBKcwggSjAgEAAoIBAQC7-not-a-real-key';

/** A key file as IAM makes it, with a private key that opens nothing. */
export function keyFile({ keyId, account }: { readonly keyId: string; readonly account: string }): string {
  return JSON.stringify({
    type: 'service_account',
    project_id: 'acme',
    private_key_id: keyId,
    private_key: `-----BEGIN PRIVATE KEY-----\n${PRIVATE}\n-----END PRIVATE KEY-----\n`,
    client_email: account,
    token_uri: 'https://oauth2.googleapis.com/token',
  });
}

/** A user and a password as docker writes them. */
export function auth(user: string, password: string): { readonly auth: string } {
  return { auth: Buffer.from(`${user}:${password}`).toString('base64') };
}

/** A pull secret of today's type, as the Kubernetes API answers it. */
export function dockerconfigjson(namespace: string, name: string, auths: object) {
  return {
    metadata: { namespace, name },
    type: 'kubernetes.io/dockerconfigjson',
    data: { '.dockerconfigjson': Buffer.from(JSON.stringify({ auths })).toString('base64') },
  };
}

/** A pull secret of the old type. */
export function dockercfg(namespace: string, name: string, auths: object) {
  return {
    metadata: { namespace, name },
    type: 'kubernetes.io/dockercfg',
    data: { '.dockercfg': Buffer.from(JSON.stringify(auths)).toString('base64') },
  };
}
