/** How a generated password looks. */
export interface PasswordPolicy {
  /** 16 to 128 characters. Default 30. */
  readonly length: number
  /** The characters it is drawn from, without repetition. */
  readonly alphabet: string
}

const LETTERS_AND_DIGITS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

/**
 * 30 letters and digits: 178 bits, and nothing that a shell, a URL, PHP or YAML could take for
 * syntax.
 * The source systems generate the same.
 */
export const DEFAULT_PASSWORD_POLICY: PasswordPolicy = { length: 30, alphabet: LETTERS_AND_DIGITS }

/** The smallest entropy a policy may have. */
const LEAST_BITS = 90

/** What is wrong with a policy, or undefined. */
export function policyProblem(policy: PasswordPolicy): string | undefined {
  const distinct = new Set(policy.alphabet).size
  if (distinct !== policy.alphabet.length) return 'the alphabet names a character twice'
  if (!/^[\x21-\x7e]*$/.test(policy.alphabet)) return 'the alphabet must be printable ASCII'
  if (policy.length < 16 || policy.length > 128) return 'the length must be 16 to 128'
  const bits = policy.length * Math.log2(Math.max(distinct, 1))
  return bits < LEAST_BITS ? `it has ${Math.floor(bits)} bits, fewer than ${LEAST_BITS}` : undefined
}

/**
 * Draws a password. Each character is uniform over the alphabet: bytes that would favour the first
 * characters are thrown away.
 *
 * @param bytes - gives that many cryptographically strong random bytes.
 */
export function generatePassword(
  policy: PasswordPolicy,
  bytes: (count: number) => Uint8Array,
): string {
  const size = policy.alphabet.length
  const usable = 256 - (256 % size)
  let password = ''
  for (let draws = 0; password.length < policy.length && draws < 1000; draws++) {
    for (const byte of bytes(policy.length)) {
      if (byte < usable && password.length < policy.length) password += policy.alphabet[byte % size]
    }
  }
  if (password.length < policy.length) throw new Error('the random source gives no usable bytes')
  return password
}
