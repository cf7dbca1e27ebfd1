import { parseDocument } from 'yaml';
import { WardenError } from '../error.ts';
import { isLoopback } from '../reference.ts';
import { type Json, record, records, text } from './field.ts';

/** A text that stands in the file, or in another one that it names. */
export type KubeconfigText =
  | { readonly kind: 'base64' | 'plain'; readonly text: string }
  | { readonly kind: 'file'; readonly path: string };

/** A program that tells credentials (https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins). */
export interface CredentialPlugin {
  readonly apiVersion: 'client.authentication.k8s.io/v1' | 'client.authentication.k8s.io/v1beta1';
  readonly command: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
  /** Whether it wants to know the cluster it is asked for. */
  readonly wantsCluster: boolean;
}

/** One context of a kubeconfig, with what is needed to reach its cluster; null for each that is not there. */
export interface KubeconfigContext {
  readonly context: string;
  readonly server: string;
  readonly serverName: string | null;
  readonly ca: KubeconfigText | null;
  readonly token: KubeconfigText | null;
  readonly certificate: KubeconfigText | null;
  readonly key: KubeconfigText | null;
  readonly plugin: CredentialPlugin | null;
}

/** What would change whom the token goes to, or is no longer part of Kubernetes. */
const REFUSED_CLUSTER_KEYS = ['insecure-skip-tls-verify', 'proxy-url'] as const;
const REFUSED_USER_KEYS = ['username', 'password', 'auth-provider', 'as', 'as-groups', 'as-uid'] as const;

/**
 * Reads one context of a kubeconfig.
 * @param file the name to show in an error
 * @param wanted the context, or null for the current one
 * @throws WardenError KUBECONFIG_INVALID
 */
export function parseKubeconfig(content: string, file: string, wanted: string | null): KubeconfigContext {
  const refuse = (why: string): never => {
    throw new WardenError('KUBECONFIG_INVALID', `${file} can't be used: ${why}.`);
  };
  const document = parseDocument(content);
  // What the parser says shows a piece of the text, which may be a token.
  if (document.errors.length > 0) return refuse('it is no YAML');
  const config = record(document.toJS({ maxAliasCount: 100 }));
  const name = wanted ?? text(config['current-context']);
  if (name === null) return refuse('it has no current-context; name one after a #');
  const named = (list: string, key: string, wantedName: string): Json => {
    const found = records(config[list]).find((one) => one['name'] === wantedName);
    return found === undefined
      ? refuse(`it has no ${key} ${JSON.stringify(wantedName)}`)
      : record(found[key]);
  };
  const context = named('contexts', 'context', name);
  const cluster = named('clusters', 'cluster', text(context['cluster']) ?? '');
  const userName = text(context['user']);
  const user = userName === null ? {} : named('users', 'user', userName);
  for (const key of REFUSED_CLUSTER_KEYS) {
    if (cluster[key] !== undefined && cluster[key] !== false) refuse(`${key} is not supported`);
  }
  for (const key of REFUSED_USER_KEYS) if (user[key] !== undefined) refuse(`${key} is not supported`);
  return {
    context: name,
    server: serverOf(cluster, refuse),
    serverName: text(cluster['tls-server-name']),
    ca: either(cluster, 'certificate-authority', 'base64'),
    token: tokenOf(user),
    certificate: either(user, 'client-certificate', 'base64'),
    key: either(user, 'client-key', 'base64'),
    plugin: pluginOf(user['exec'], refuse),
  };
}

function serverOf(cluster: Json, refuse: (why: string) => never): string {
  const server = text(cluster['server']) ?? '';
  const url = URL.canParse(server) ? new URL(server) : null;
  if (url === null || url.username !== '' || url.search !== '' || url.hash !== '')
    return refuse('its server is no address');
  const isSafe = url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.host));
  return isSafe ? url.href : refuse('its server is not spoken to by https');
}

function either(holder: Json, key: string, kind: 'base64'): KubeconfigText | null {
  const data = text(holder[`${key}-data`]);
  if (data !== null) return { kind, text: data };
  const path = text(holder[key]);
  return path === null ? null : { kind: 'file', path };
}

/** client-go's order: the file, which is renewed, before the text. */
function tokenOf(user: Json): KubeconfigText | null {
  const path = text(user['tokenFile']);
  if (path !== null) return { kind: 'file', path };
  const token = text(user['token']);
  return token === null ? null : { kind: 'plain', text: token };
}

const VERSIONS = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'] as const;

function pluginOf(value: unknown, refuse: (why: string) => never): CredentialPlugin | null {
  if (value === undefined || value === null) return null;
  const exec = record(value);
  const command = text(exec['command']);
  const apiVersion = VERSIONS.find((version) => version === exec['apiVersion']);
  if (command === null || apiVersion === undefined) {
    return refuse(`its credential plugin names no command or no apiVersion of ${VERSIONS.join(' and ')}`);
  }
  if (exec['interactiveMode'] === 'Always') return refuse('its credential plugin wants a terminal');
  const args = Array.isArray(exec['args']) ? exec['args'].map(String) : [];
  const env = Object.fromEntries(
    records(exec['env']).map((one): [string, string] => [
      text(one['name']) ?? '',
      String(one['value'] ?? ''),
    ]),
  );
  return { apiVersion, command, args, env, wantsCluster: exec['provideClusterInfo'] === true };
}
