import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { findProgram } from '../../testkit/src/servers/programs.ts'
import { PROGRAM } from './cli-process.ts'
import type { CliResult } from './cli-process.ts'

const SETPRIV = findProgram('setpriv')

/** The user and the group of the image. */
export const IMAGE_USER = { uid: 1_000, gid: 101 } as const

/** What keeps the command line from being run as that user; undefined where nothing does. */
export async function userProblem(): Promise<string | undefined> {
  if (process.geteuid?.() !== 0) return 'only root may run a program as another user'
  if (SETPRIV === undefined) return 'there is no setpriv (util-linux)'
  const { code } = await asUser(IMAGE_USER, [process.execPath, PROGRAM, '--help'], {})
  // Sources are looked for with access(2), which leaves the right to read everything out.
  return code === 0 ? undefined : 'the checkout is where only its owner may look'
}

/**
 * Runs a program as another user of this machine. It may read everything, since a checkout may be
 * where only its owner looks; it may write and give away no more than that user.
 */
export async function asUser(
  { uid, gid }: { readonly uid: number; readonly gid: number },
  command: readonly [string, ...string[]],
  env: Readonly<Record<string, string>>,
): Promise<CliResult> {
  const who = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups']
  const reads = ['--inh-caps=+dac_read_search', '--ambient-caps=+dac_read_search']
  const child = spawn(SETPRIV ?? '', [...who, ...reads, ...command], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { PATH: process.env['PATH'] ?? '', ...env },
  })
  const closed = once(child, 'close')
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)])
  await closed
  return { code: child.exitCode, stdout, stderr }
}
