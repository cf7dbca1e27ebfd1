/** Whether an account is the one that Compute Engine gives to machines of which nobody says otherwise. */
export function isDefaultComputeAccount(email: string): boolean {
  return /^[0-9]+-compute@developer\.gserviceaccount\.com$/.test(email);
}

/**
 * Whether an account is one that Google made for a service of the project, Compute Engine or App Engine
 * (https://cloud.google.com/iam/docs/service-account-types#default). Deleting one can break what runs.
 */
export function isDefaultAccount(email: string): boolean {
  return isDefaultComputeAccount(email) || /^[^@]+@appspot\.gserviceaccount\.com$/.test(email);
}
