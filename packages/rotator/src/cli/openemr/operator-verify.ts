import type { ExitCode } from '../exit-codes.ts'
import type { LaunchOptions } from './operator-options.ts'
import { verifyThere } from './operator.ts'

export interface VerifyOptions extends LaunchOptions {
  readonly logJson?: true
}
export async function verifyOperator(options: VerifyOptions): Promise<ExitCode> {
  return await verifyThere(options)
}
