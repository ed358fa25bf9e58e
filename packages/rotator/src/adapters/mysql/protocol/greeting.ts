import { connect } from 'node:net'
import type { Call } from '../../../ports/call.ts'
import { RotatorError } from '../../../errors.ts'
import type { Endpoint } from '../../common/tls.ts'
import { labelOf } from './connection.ts'

/** A packet's header: three bytes of length, one of sequence. */
const HEADER = 4
/** `Protocol::HandshakeV10` begins with this byte, `ERR_Packet` with the other. */
const HANDSHAKE = 10
const ERROR = 0xff
/** No server's version is longer; a stream that goes on is no greeting. */
const LONGEST = 1024
/** As long as a login may take. */
const LIMIT_MS = 5000

/**
 * What a server of the MySQL protocol says of itself before anybody logs in: MariaDB or MySQL. It
 * is not authenticated, so it decides nothing but which adapter is to try a verified login. Waits
 * five seconds, and no longer than the call.
 *
 * Source: MySQL's "Protocol::HandshakeV10"; MariaDB's "Connection", which puts `MariaDB` into the
 * version; both are asked in the tests.
 * @throws ERR_DB_UNREACHABLE, ERR_DB_OVERLOADED, ERR_DB_UNSUPPORTED
 */
export async function engineAt(endpoint: Endpoint, call: Call): Promise<'mariadb' | 'mysql'> {
  const greeting = await greetingOf(endpoint, call)
  const label = labelOf(endpoint)
  if (greeting[0] === ERROR)
    throw new RotatorError('ERR_DB_OVERLOADED', { endpoint: label, reason: 'turned away' })
  if (greeting[0] !== HANDSHAKE) {
    const problem = 'neither MySQL nor MariaDB answers there'
    throw new RotatorError('ERR_DB_UNSUPPORTED', { endpoint: label, problem })
  }
  const version = greeting.subarray(1, greeting.indexOf(0, 1)).toString('latin1')
  return /mariadb/i.test(version) ? 'mariadb' : 'mysql'
}

/** The payload of the first packet, or as much of it as the version needs. */
async function greetingOf(endpoint: Endpoint, call: Call): Promise<Buffer> {
  const { host, port } = endpoint
  const signal = AbortSignal.any([call.signal, AbortSignal.timeout(LIMIT_MS)])
  const socket = connect({ host, port, signal })
  let read = Buffer.alloc(0)
  try {
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      read = Buffer.concat([read, chunk])
      const payload = read.subarray(HEADER)
      if (payload.indexOf(0, 1) > 0 || payload[0] === ERROR || read.length > LONGEST) return payload
    }
  } catch (cause) {
    const reason = signal.aborted ? 'no answer in time' : codeOf(cause)
    throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: labelOf(endpoint), reason }, { cause })
  } finally {
    socket.destroy()
  }
  throw new RotatorError('ERR_DB_UNREACHABLE', { endpoint: labelOf(endpoint), reason: 'hung up' })
}

function codeOf(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'unknown'
}
