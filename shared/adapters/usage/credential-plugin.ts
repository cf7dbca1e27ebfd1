import { execFile } from 'node:child_process';
import { dirname, isAbsolute, resolve } from 'node:path';
import { promisify } from 'node:util';
import { WardenError } from '../../core/error.ts';
import { at, record, text } from '../../core/usage/field.ts';
import type { CredentialPlugin } from '../../core/usage/kubeconfig.ts';
import type { ClusterCredential } from './cluster-session.ts';

const execute = promisify(execFile);

/** Plugins ask a cloud for a token; one that takes longer waits for somebody. */
const TIMEOUT_MS = 30_000;
const OUTPUT_BYTES_MAX = 1024 * 1024;

export interface PluginCall {
  readonly plugin: CredentialPlugin;
  /** The kubeconfig, beside which a command with a slash in it lies. */
  readonly kubeconfig: string;
  readonly server: string;
  /** PEM, or null. */
  readonly ca: string | null;
}

/**
 * Asks a client-go credential plugin for a token or a certificate. Nothing that it prints is shown: it may hold
 * either.
 * @throws WardenError KUBECONFIG_INVALID
 */
export async function askPlugin({ plugin, kubeconfig, server, ca }: PluginCall): Promise<ClusterCredential> {
  const { apiVersion, command, args, env, wantsCluster } = plugin;
  const refuse = (why: string): never => {
    throw new WardenError(
      'KUBECONFIG_INVALID',
      `The credential plugin ${command} ${why}. Run it by itself to see more.`,
    );
  };
  const info = {
    apiVersion,
    kind: 'ExecCredential',
    spec: {
      interactive: false,
      ...(wantsCluster
        ? {
            cluster: {
              server,
              ...(ca === null ? {} : { 'certificate-authority-data': Buffer.from(ca).toString('base64') }),
            },
          }
        : {}),
    },
  };
  const program =
    command.includes('/') && !isAbsolute(command) ? resolve(dirname(kubeconfig), command) : command;
  let output: string;
  try {
    const { stdout } = await execute(program, [...args], {
      timeout: TIMEOUT_MS,
      maxBuffer: OUTPUT_BYTES_MAX,
      env: { ...process.env, ...env, KUBERNETES_EXEC_INFO: JSON.stringify(info) },
    });
    output = stdout;
  } catch (problem) {
    const code = record(problem)['code'];
    return refuse(code === 'ENOENT' ? 'is not installed' : 'failed');
  }
  const credential = parse(output);
  if (record(credential)['apiVersion'] !== apiVersion || record(credential)['kind'] !== 'ExecCredential') {
    return refuse(`printed no ExecCredential of ${apiVersion}`);
  }
  const token = text(at(credential, 'status', 'token'));
  const certificate = text(at(credential, 'status', 'clientCertificateData'));
  const key = text(at(credential, 'status', 'clientKeyData'));
  if (token === null && (certificate === null || key === null)) return refuse('printed no credential');
  return { token, certificate, key };
}

function parse(output: string): unknown {
  try {
    return JSON.parse(output);
  } catch {
    return null;
  }
}
