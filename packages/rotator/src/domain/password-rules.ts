/**
 * The rules by which a rotation function makes passwords: those of `GetRandomPassword`, which AWS's
 * templates ask for one.
 *
 * @see AWS Secrets Manager API reference, GetRandomPassword
 */
export interface PasswordRules {
  /** 8 to 128 characters. Default 32. */
  readonly length: number
  /** Characters that no password has. Default `:/@"'\`. */
  readonly exclude: string
  /** Kinds of characters that no password has. Default: none. */
  readonly without: readonly CharacterKind[]
  /** At least one of each kind that may be in it. Default true. */
  readonly requireEach: boolean
}

/** The kinds of characters. */
export type CharacterKind = 'uppercase' | 'lowercase' | 'numbers' | 'punctuation'

/** As AWS's templates have it where no variable is set. */
export const DEFAULT_PASSWORD_RULES: PasswordRules = {
  length: 32,
  exclude: ':/@"\'\\',
  without: [],
  requireEach: true,
}

/** @see AWS Secrets Manager API reference, GetRandomPassword, ExcludePunctuation (the list) */
const KINDS: Readonly<Record<CharacterKind, string>> = {
  uppercase: 'ABCDEFGHIJKLMNOPQRSTUVWXYZ',
  lowercase: 'abcdefghijklmnopqrstuvwxyz',
  numbers: '0123456789',
  punctuation: '!"#$%&\'()*+,-./:;<=>?@[\\]^_`{|}~',
}

const NAMES: readonly CharacterKind[] = ['uppercase', 'lowercase', 'numbers', 'punctuation']

/** What of each kind may be in a password, without the kinds of which nothing may. */
export function alphabetsOf({ exclude, without }: PasswordRules): readonly string[] {
  return NAMES.filter((kind) => !without.includes(kind))
    .map((kind) => [...KINDS[kind]].filter((char) => !exclude.includes(char)).join(''))
    .filter((alphabet) => alphabet !== '')
}

/** Fewer bits can be tried one by one. */
const LEAST_BITS = 40

/** What is wrong with the rules, or undefined. */
export function rulesProblem(rules: PasswordRules): string | undefined {
  const { length } = rules
  if (!Number.isInteger(length) || length < 8 || length > 128)
    return 'PASSWORD_LENGTH must be a whole number, 8 to 128'
  const alphabets = alphabetsOf(rules)
  const size = alphabets.join('').length
  if (size === 0) return 'no character is left that a password could have'
  const bits = Math.floor(length * Math.log2(size))
  return bits < LEAST_BITS
    ? `a password would have ${bits} bits, fewer than ${LEAST_BITS}`
    : undefined
}

/** Of eight characters and all kinds one draw in two keeps the rules: this is never reached. */
const MOST_DRAWS = 10_000

/**
 * Draws a password by the rules, uniformly among all that keep them: one that lacks a kind is
 * thrown away as a whole.
 *
 * @param draw - gives a password of so many characters, each uniform over the alphabet
 */
export function drawByRules(
  rules: PasswordRules,
  draw: (alphabet: string, length: number) => string,
): string {
  const alphabets = alphabetsOf(rules)
  for (let draws = 0; draws < MOST_DRAWS; draws++) {
    const password = draw(alphabets.join(''), rules.length)
    const isWhole = alphabets.every((kind) => [...kind].some((char) => password.includes(char)))
    if (isWhole || !rules.requireEach) return password
  }
  throw new Error('no password keeps the rules, though they were found good')
}
