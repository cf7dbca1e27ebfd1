/** Whether a file of a folder of policies, named relative to it, holds exceptions from the audit and no policy. */
export function isExceptionsFile(file: string): boolean {
  return /(?:^|\/)_exceptions\.ya?ml$/.test(file);
}
