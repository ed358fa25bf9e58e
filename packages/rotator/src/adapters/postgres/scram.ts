import { createHash, createHmac, pbkdf2, randomBytes } from 'node:crypto'
import { promisify } from 'node:util'
import type { Sensitive } from '@cuedot/client/protocol'

const derive = promisify(pbkdf2)

/**
 * What PostgreSQL uses unless `scram_iterations` says otherwise. The count stands in the verifier,
 * so a server set to another one takes this one as well.
 * Source: PostgreSQL documentation, `scram_iterations`.
 */
const ITERATIONS = 4096
const SALT_BYTES = 16
const KEY_BYTES = 32

/** Two keys of 32 bytes in base64; anything else the server would silently take as a password. */
const SHAPE = /^SCRAM-SHA-256\$4096:[A-Za-z0-9+/]{22}==\$[A-Za-z0-9+/]{43}=:[A-Za-z0-9+/]{43}=$/

/** True for exactly the verifiers that {@link scramVerifier} makes. */
export function isVerifier(text: string): boolean {
  return SHAPE.test(text)
}

/**
 * What the server stores in place of the password, so that the password need not be sent:
 * `SCRAM-SHA-256$<iterations>:<salt>$<StoredKey>:<ServerKey>`.
 *
 * Sources: PostgreSQL documentation, `pg_authid.rolpassword`; RFC 5802 section 3.
 * @param salt - 16 bytes; random unless a test gives them
 */
export async function scramVerifier(
  password: Sensitive,
  salt: Uint8Array = randomBytes(SALT_BYTES),
): Promise<string> {
  const salted = await derive(prepare(password.reveal()), salt, ITERATIONS, KEY_BYTES, 'sha256')
  const clientKey = createHmac('sha256', salted).update('Client Key').digest()
  const storedKey = createHash('sha256').update(clientKey).digest('base64')
  const serverKey = createHmac('sha256', salted).update('Server Key').digest('base64')
  const salt64 = Buffer.from(salt).toString('base64')
  return `SCRAM-SHA-256$${ITERATIONS}:${salt64}$${storedKey}:${serverKey}`
}

/** Spaces beyond ASCII (RFC 3454 table C.1.2) and characters mapped to nothing (table B.1). */
const SPACES = /[\u00a0\u1680\u2000-\u200b\u202f\u205f\u3000]/gu
const NOTHING = /\u00ad|\u034f|\u1806|[\u180b-\u180d]|\u200c|\u200d|\u2060|[\ufe00-\ufe0f]|\ufeff/gu

/**
 * SASLprep as clients do it (RFC 4013): map, then NFKC. ASCII stays as it is. Clients differ for
 * characters that SASLprep forbids, which is why cuedot generates ASCII passwords.
 */
function prepare(password: string): string {
  return password.replaceAll(SPACES, ' ').replaceAll(NOTHING, '').normalize('NFKC')
}
