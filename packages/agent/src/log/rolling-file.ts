import { appendFileSync, createReadStream, createWriteStream, existsSync } from 'node:fs'
import { mkdirSync, renameSync, rmSync, statSync } from 'node:fs'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { createGzip } from 'node:zlib'
import { AgentError, errnoOf } from '../errors.ts'
import type { Sink } from './log.ts'

/** When a file is full, in bytes. */
export const FULL_BYTES: number = 10 * 1024 * 1024

/** How many full files are kept. */
const KEPT = 5

/** A log in a file. */
export interface RollingFile {
  readonly write: Sink
  /** Resolves when a full file that is being packed is packed. */
  settled(): Promise<void>
}

/**
 * A log at `secrets_manager_agent.log` in a folder. When that is full it becomes
 * `archive/secrets_manager_agent_0.gz`, the former 0 becomes 1, and so on up to 4. Modes are 0600
 * and 0700. A line that cannot be written is lost: the agent goes on.
 *
 * @see aws/aws-secretsmanager-agent, README, "Logging", and `logging.rs`: names, size and number
 * @throws AgentError ERR_START when the folder or the file cannot be made
 */
export function openRollingFile(folder: string, fullBytes: number = FULL_BYTES): RollingFile {
  const path = join(folder, 'secrets_manager_agent.log')
  let size = sizeAtStart(folder, path)
  let packing: Promise<void> | undefined
  return {
    write: (line) => {
      try {
        if (size >= fullBytes && packing === undefined) {
          packing = roll(folder, path).finally(() => (packing = undefined))
          size = 0
        }
        appendFileSync(path, line, { mode: 0o600 })
        size += Buffer.byteLength(line)
      } catch {
        // There is nowhere else to tell it: a full disk must not end the agent.
      }
    },
    settled: async () => await packing,
  }
}

function sizeAtStart(folder: string, path: string): number {
  try {
    mkdirSync(join(folder, 'archive'), { recursive: true, mode: 0o700 })
    appendFileSync(path, '', { mode: 0o600 })
    return statSync(path).size
  } catch (error) {
    const why = `cannot write the log ${path}: ${errnoOf(error)}; or set log_to_file = false`
    throw new AgentError('ERR_START', why)
  }
}

async function roll(folder: string, path: string): Promise<void> {
  const archive = (at: number): string => join(folder, 'archive', `secrets_manager_agent_${at}.gz`)
  const full = `${path}.full`
  try {
    renameSync(path, full)
    for (let at = KEPT - 2; at >= 0; at--)
      if (existsSync(archive(at))) renameSync(archive(at), archive(at + 1))
    const packed = createWriteStream(archive(0), { mode: 0o600 })
    await pipeline(createReadStream(full), createGzip(), packed)
    rmSync(full)
  } catch {
    // The next full file tries again; what was logged meanwhile is in the file.
  }
}
