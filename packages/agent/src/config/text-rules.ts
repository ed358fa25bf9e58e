import { isAbsolute, normalize } from 'node:path'
import type { TextRule } from './table.ts'

const LEVELS = ['debug', 'info', 'warn', 'error', 'none']

/** Any case, as AWS's agent has it. */
export const isLogLevel: TextRule = (text) =>
  LEVELS.includes(text.toLowerCase()) ? undefined : `must be one of ${LEVELS.join(', ')}`

/** A part of a host name: nothing else may become one. */
export const isRegion: TextRule = (text) =>
  /^[a-z0-9-]{1,63}$/.test(text) ? undefined : 'must be the name of a region, as us-east-1'

/** @see RFC 9110, 5.6.2: token */
export const isHeader: TextRule = (text) =>
  /^[\w!#$%&'*+.^`|~-]{1,128}$/.test(text) ? undefined : 'is no name of a header'

/** @see POSIX.1-2024, 8.1: names of environment variables */
export const isVariable: TextRule = (text) =>
  /^[A-Za-z_]\w{0,127}$/.test(text) ? undefined : 'is no name of an environment variable'

/** What requests by path begin with. */
export const isPrefix: TextRule = (text) =>
  /^\/[\w./~:@!$&'()*+,;=-]{0,200}$/.test(text) ? undefined : 'must begin with / and be a path'

/** What fits into an address of a Unix socket on Linux, 108 bytes with the zero at its end. */
const LONGEST_SOCKET = 107

/** @see unix(7), "Address format": sun_path */
export const isSocketPath: TextRule = (text) => {
  if (Buffer.byteLength(text) > LONGEST_SOCKET) return `is longer than ${LONGEST_SOCKET} bytes`
  return isFilePath(text)
}

/** An absolute path in its shortest spelling, so that two spellings never mean one file. */
export const isFilePath: TextRule = (text) =>
  isAbsolute(text) && normalize(text) === text && !text.includes('\0') && !text.endsWith('/')
    ? undefined
    : 'must be an absolute path of a file, without . and ..'

/** @see AWS Secrets Manager API reference, GetSecretValue, SecretId: 1 to 2,048 characters */
export const isSecretId: TextRule = (text) =>
  text.length >= 1 && text.length <= 2048 ? undefined : 'must have 1 to 2048 characters'

const LOOPBACK: ReadonlySet<string> = new Set(['localhost', '127.0.0.1', '[::1]'])

/** Secrets travel from there: in the clear on this machine alone. */
export const isEndpoint: TextRule = (text) => {
  const url = URL.parse(text)
  if (url === null || !/^https?:$/.test(url.protocol) || url.username + url.password !== '')
    return 'must be a URL of https, without a user'
  if (url.protocol === 'https:' || LOOPBACK.has(url.hostname)) return undefined
  return 'must be a URL of https: over http secrets would travel in the clear'
}
