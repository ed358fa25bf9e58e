import { createHash, timingSafeEqual } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { AgentError, errnoOf } from './errors.ts'
import type { Environment } from './surroundings.ts'

const FILE = 'file://'

/** What proves that a request is of somebody who may read secrets here. Only its hash is kept. */
export class Token {
  readonly #digest: Buffer

  constructor(text: string) {
    this.#digest = digestOf(Buffer.from(text))
  }

  /** Takes the same time whatever was given. @param given - a header's value, as Node reads it */
  matches(given: string): boolean {
    return timingSafeEqual(digestOf(Buffer.from(given, 'latin1')), this.#digest)
  }
}

/** Digests are of one length, whatever was given. */
function digestOf(bytes: Buffer): Buffer {
  return createHash('sha256').update(bytes).digest()
}

/**
 * The token of the first of these variables that is set: the value itself, or `file://` and the
 * path of a file, whose text is trimmed. It is read once.
 *
 * @throws AgentError ERR_START when no variable is set (an empty one is not), or the file cannot be
 *   read or is empty; the message names variables and never their values
 * @see aws/aws-secretsmanager-agent, README, "ssrf_env_variables", and `utils.rs`, get_token
 */
export async function readToken(
  names: readonly string[],
  environment: Environment,
): Promise<Token> {
  const name = names.find((candidate) => Boolean(environment[candidate]))
  const value = environment[name ?? ''] ?? ''
  if (name === undefined)
    throw new AgentError('ERR_START', `no token: none of ${names.join(', ')} is set`)
  if (!value.startsWith(FILE)) return new Token(value)
  const text = await readFile(value.slice(FILE.length), 'utf8').catch((error: unknown) => {
    const problem = `no token: the file that ${name} names cannot be read: ${errnoOf(error)}`
    throw new AgentError('ERR_START', problem)
  })
  if (text.trim() === '')
    throw new AgentError('ERR_START', `no token: the file that ${name} names is empty`)
  return new Token(text.trim())
}
