/**
 * The version that a client writes beside its name, as `cred=…`, ended by a space, `;` or `,`; an
 * empty string where it writes none. For clients that can tell the server a name and nothing else.
 */
export function versionInName(name: string): string {
  return CREDENTIAL.exec(name)?.[1] ?? ''
}

const CREDENTIAL = /(?:^|[\s;,])cred=([^\s;,]+)/
