import { closeSync, constants, existsSync } from 'node:fs'
import { access } from 'node:fs/promises'
import { dirname } from 'node:path'
import { RotatorError } from '../../errors.ts'
import { AuditProblem, describeErrno, openExisting } from './head.ts'
import { verifyAuditFile } from './verify.ts'

/**
 * Whether a run could be recorded, without writing anything.
 * @returns what was found, in half a sentence
 * @throws ERR_AUDIT that says what is in the way
 */
export async function inspectAuditFile(file: string): Promise<string> {
  try {
    await access(dirname(file), constants.W_OK | constants.X_OK)
    if (!existsSync(file)) return 'is made by the first run'
    closeSync(openExisting(file))
  } catch (error) {
    const problem = error instanceof AuditProblem ? error.message : describeErrno(error)
    throw new RotatorError('ERR_AUDIT', { file, problem })
  }
  const { broken, entries } = await verifyAuditFile(file)
  if (broken === undefined) return `is whole: ${entries} entries`
  const problem = `line ${broken.line} ${broken.problem}`
  throw new RotatorError('ERR_AUDIT', { file, problem })
}
