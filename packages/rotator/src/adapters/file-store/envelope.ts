import { createCipheriv, createDecipheriv, createHash, hkdfSync, randomBytes } from 'node:crypto'
import type { Sensitive } from '@cuedot/client/protocol'
import { RotatorError } from '../../errors.ts'

/** A key of 32 bytes. */
export type Key = Sensitive<Uint8Array>

/** The file as JSON. `check` tells damage from a wrong key; only `data` is secret. */
interface Envelope {
  readonly format: string
  readonly key: string
  readonly nonce: string
  readonly data: string
  readonly check: string
}

const FORMAT = 'cuedot-secret/1'
const KEY_BYTES = 32
const NONCE_BYTES = 12
const TAG_BYTES = 16

/**
 * Encrypts the text of a secret into the bytes of its file: JSON with AES-256-GCM inside, a fresh
 * random nonce for every call, bound to the format and the name of the secret.
 * @throws ERR_STORE_KEY when the key has not 32 bytes
 */
export function seal(text: string, secret: string, key: Key): Uint8Array {
  const { id, cipher: cipherKey } = derive(key, secret)
  const nonce = randomBytes(NONCE_BYTES)
  const cipher = createCipheriv('aes-256-gcm', cipherKey, nonce)
  cipher.setAAD(boundTo(secret))
  const sealed = Buffer.concat([cipher.update(text, 'utf8'), cipher.final(), cipher.getAuthTag()])
  const envelope = {
    format: FORMAT,
    key: id,
    nonce: nonce.toString('base64'),
    data: sealed.toString('base64'),
  }
  return Buffer.from(`${JSON.stringify({ ...envelope, check: checksum(envelope) })}\n`)
}

/**
 * The text that {@link seal} was given.
 * @throws ERR_STORE_KEY when the file was written with another key, ERR_STORE_UNREADABLE when it is
 *   damaged, cut off, altered, or belongs to a secret of another name
 */
export function unseal(bytes: Uint8Array, secret: string, key: Key): string {
  const envelope = parse(bytes)
  if (!envelope || envelope.check !== checksum(envelope))
    throw unreadable(secret, 'the file is damaged or cut off')
  if (envelope.format !== FORMAT) throw unreadable(secret, 'its format is not known')
  const { id, cipher: cipherKey } = derive(key, secret)
  if (envelope.key !== id)
    throw new RotatorError('ERR_STORE_KEY', { secret, problem: 'written with another key' })
  const sealed = Buffer.from(envelope.data, 'base64')
  try {
    const nonce = Buffer.from(envelope.nonce, 'base64')
    const options = { authTagLength: TAG_BYTES }
    const decipher = createDecipheriv('aes-256-gcm', cipherKey, nonce, options)
    decipher.setAAD(boundTo(secret))
    decipher.setAuthTag(sealed.subarray(-TAG_BYTES))
    const text = decipher.update(sealed.subarray(0, -TAG_BYTES))
    return Buffer.concat([text, decipher.final()]).toString('utf8')
  } catch {
    throw unreadable(secret, 'it was altered, or is the file of another secret')
  }
}

/** The error for a file that holds no versions we can read. */
export function unreadable(secret: string, problem: string): RotatorError {
  return new RotatorError('ERR_STORE_UNREADABLE', { secret, version: 'all', problem })
}

function derive(key: Key, secret: string): { readonly id: string; readonly cipher: Buffer } {
  const bytes = key.reveal()
  if (bytes.length !== KEY_BYTES)
    throw new RotatorError('ERR_STORE_KEY', { secret, problem: `not ${KEY_BYTES} bytes long` })
  const part = (use: string, length: number): Buffer =>
    Buffer.from(hkdfSync('sha256', bytes, new Uint8Array(), `${FORMAT} ${use}`, length))
  return { id: part('key id', 8).toString('hex'), cipher: part('encryption', KEY_BYTES) }
}

function boundTo(secret: string): Buffer {
  return Buffer.from(`${FORMAT}\0${secret}`)
}

function checksum({ format, key, nonce, data }: Omit<Envelope, 'check'>): string {
  return createHash('sha256').update([format, key, nonce, data].join('\n')).digest('hex')
}

function parse(bytes: Uint8Array): Envelope | undefined {
  const value = parseJson(Buffer.from(bytes).toString('utf8'))
  if (typeof value !== 'object' || value === null) return undefined
  const fields: Readonly<Record<string, unknown>> = { ...value }
  const text = (name: string): string => {
    const field = fields[name]
    return typeof field === 'string' ? field : ''
  }
  return {
    format: text('format'),
    key: text('key'),
    nonce: text('nonce'),
    data: text('data'),
    check: text('check'),
  }
}

/** Undefined for what is no JSON. */
export function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text)
    return value
  } catch {
    return undefined
  }
}
