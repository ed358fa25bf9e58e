import { readFile } from 'node:fs/promises'
import { TomlError, parse } from 'smol-toml'
import { AgentError, errnoOf } from '../errors.ts'

/**
 * What a TOML file holds. Nothing of its text is quoted in a message.
 *
 * @throws AgentError ERR_CONFIG for a file that cannot be read (with the errno) or is not TOML
 *   (with line and column)
 */
export async function readConfigFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    const problem = errnoOf(error)
    throw new AgentError('ERR_CONFIG', `cannot read ${JSON.stringify(path)}: ${problem}`)
  })
  try {
    return parse(text)
  } catch (error) {
    const where = error instanceof TomlError ? ` at line ${error.line}, column ${error.column}` : ''
    throw new AgentError('ERR_CONFIG', `${JSON.stringify(path)} is not TOML${where}`)
  }
}
