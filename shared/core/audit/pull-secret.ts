import type { Fact } from '../fact.ts';

/** A Kubernetes secret that kubelets pull images with. What it holds of the credential itself is never kept. */
export interface PullSecret {
  /** The context that kubectl knows the cluster by; of a GKE cluster the one that gcloud makes. */
  readonly cluster: string;
  readonly namespace: string;
  readonly name: string;
  readonly type: PullSecretType;
  /** One for each registry host that it names; unknown where its text can't be understood. */
  readonly entries: Fact<readonly PullSecretEntry[]>;
  /** How many pods name it, themselves or by their service account. */
  readonly usedByPods: Fact<number>;
  /** How many service accounts and templates of workloads name it, whether or not there is a pod. */
  readonly namedElsewhere: Fact<number>;
}

export const PULL_SECRET_TYPES = ['kubernetes.io/dockerconfigjson', 'kubernetes.io/dockercfg'] as const;

/** The two types of secrets that Kubernetes pulls images with. */
export type PullSecretType = (typeof PULL_SECRET_TYPES)[number];

/** What a pull secret has for one registry. */
export interface PullSecretEntry {
  /** `eu.gcr.io`, `https://index.docker.io/v1/`: as it is written. */
  readonly host: string;
  readonly credential: /** `_json_key` or `_json_key_base64`: a key of a service account. */
    | { readonly kind: 'key'; readonly key: Fact<KeyIdentity> }
    /** `oauth2accesstoken`: ends within the hour. */
    | { readonly kind: 'access token' }
    | { readonly kind: 'other' };
}

/** What names a key without being one: it joins a secret with the key that IAM lists. */
export interface KeyIdentity {
  /** `private_key_id` of the key file, which is the key's id in IAM. */
  readonly keyId: string;
  /** `client_email` of the key file. */
  readonly account: string;
}

/** All that was seen of the pull secrets of the clusters that somebody named. */
export interface PullSecretReading {
  /** By cluster, namespace and name. */
  readonly secrets: readonly PullSecret[];
  /** What could not be read, and why. Only where this is empty the secrets are all there are in these clusters. */
  readonly unseen: readonly { readonly what: string; readonly reason: string }[];
}
